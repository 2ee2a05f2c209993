import type { StoredError } from './errors.ts';

/** Asynchronous work that is no migration. */
export type OperationKind =
  'source.validate' | 'source.refresh' | 'destination.validate' | 'destination.facts' | 'migration.preflight';
export type OperationStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Operation {
  readonly id: string;
  readonly projectId: string;
  readonly kind: OperationKind;
  /** The source, destination or migration it is about. */
  readonly subjectId: string;
  readonly status: OperationStatus;
  /** Input, JSON; never secrets. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly progress: string | null;
  readonly result: unknown;
  readonly error: StoredError | null;
  readonly workerId: string | null;
  readonly epoch: number;
  readonly leaseUntil: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
