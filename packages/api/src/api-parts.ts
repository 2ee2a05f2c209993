import type { Bus, Clock, Log, Secrets, Store } from '@guts/core';
import type { Authenticator } from './authenticator.ts';

/** What routes work with. */
export interface ApiParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly secrets: Secrets;
  readonly authenticate: Authenticator;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
}
