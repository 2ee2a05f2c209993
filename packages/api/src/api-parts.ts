import type { Bus, Clock, Log, Secrets, Store } from '@guts/core';
import type { Policy } from './auth/policy.ts';
import type { Authenticator } from './authenticator.ts';

/** What routes work with. */
export interface ApiParts {
  readonly store: Store;
  /** For its health only: messages are written to the outbox, in the transaction of the change. */
  readonly bus: Pick<Bus, 'health' | 'deadLetters'>;
  /** Says that a change was written, so that what waits in the outbox is sent at once. */
  readonly nudge: () => void;
  readonly secrets: Secrets;
  readonly authenticate: Authenticator;
  readonly policy: Policy;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
}
