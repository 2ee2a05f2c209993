import type {
  Clock,
  DestinationConnection,
  DiskCopier,
  Finding,
  Instance,
  Log,
  Migration,
  SourceConnection,
  StepName,
  TargetPlan,
} from '@guts/core';
import { GutsError } from '@guts/core';
import type { Journal } from './journal.ts';

/** What every step is given. */
export interface StepContext {
  readonly migration: Migration;
  readonly source: SourceConnection;
  readonly destination: DestinationConnection;
  readonly journal: Journal;
  readonly copier: DiskCopier;
  /** Bytes of a disk between checkpoints. */
  readonly checkpointBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the lease is lost or a cancel is requested. */
  readonly signal: AbortSignal;
  /** For work that ends soon and well when the signal it is given is aborted: a worker that stops waits for it. */
  readonly pausable: <T>(work: (pause: AbortSignal) => Promise<T>) => Promise<T>;
  /** Resolves when no predecessor writes to the target any more. */
  readonly predecessorsGone: () => Promise<void>;
  /** Outputs of the steps that are done, by name. */
  readonly outputs: ReadonlyMap<StepName, unknown>;
}

/** What a step gives back: `skipped` when there was nothing for it to do. */
export interface StepResult {
  readonly status: 'done' | 'skipped';
  readonly output?: unknown;
  readonly note?: string;
}
export type StepRun = (context: StepContext) => Promise<StepResult>;

/** The output of preflight: what everything after it follows. */
export interface PreflightOutput {
  readonly instance: Instance;
  readonly plan: TargetPlan;
  readonly findings: readonly Finding[];
}

export function preflightOutput(context: { outputs: ReadonlyMap<StepName, unknown> }): PreflightOutput {
  const output = context.outputs.get('preflight');
  if (output === undefined) throw new GutsError('internal', 'preflight has no result in the journal');
  return output as PreflightOutput;
}
