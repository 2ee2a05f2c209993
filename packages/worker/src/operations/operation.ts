import type { Clock, Log, Operation, Store } from '@guts/core';
import type { Connections } from '../connections.ts';

export interface OperationParts {
  readonly store: Store;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: Log;
  readonly workerId: string;
  /** How long an operation is held without renewal; seconds. */
  readonly leaseSeconds: number;
}

/** @param say tells people how far it is */
export type Work = (
  operation: Operation,
  signal: AbortSignal,
  say: (progress: string) => void,
) => Promise<unknown>;
