import type { ArtifactKind } from './artifact.ts';
import type { StoredError } from './errors.ts';

/** Asynchronous work that is no migration. */
export type OperationKind =
  | 'source.validate'
  | 'source.refresh'
  | 'source.reap'
  | 'destination.validate'
  | 'destination.refresh'
  | 'destination.reap'
  | 'migration.preflight';
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

/** Input of `source.reap` and `destination.reap`. */
export interface ReapInput {
  /** False: only listed. */
  readonly remove: boolean;
  /** Also what carries our marker but whose migration this database does not know (it may be another GUTS's). */
  readonly includeUnknown: boolean;
  /** Only these external ids; empty: all that was found. */
  readonly only: readonly string[];
}
/** One object that carries our marker and belongs to no live migration. */
export interface Leftover {
  readonly kind: ArtifactKind;
  readonly externalId: string;
  readonly name: string | null;
  readonly migrationId: string;
  readonly artifactId: string;
  /** `known`: its migration is in this database and has ended; `unknown`: it is not. */
  readonly owner: 'known' | 'unknown';
  /** Why it is none of a live migration's. */
  readonly why: string;
  readonly outcome: 'listed' | 'removed' | 'failed';
  /** What went wrong while removing it. */
  readonly error: string | null;
}
export interface ReapResult {
  readonly leftovers: readonly Leftover[];
  /** Of a destination: target projects of its migrations that could not be looked into. */
  readonly unseen: readonly { readonly project: string; readonly reason: string }[];
}
