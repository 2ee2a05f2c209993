import {
  GutsError,
  type Lease,
  type Migration,
  type StepName,
  type StepRecord,
  stepsFor,
  toStoredError,
} from '@guts/core';
import { cancel, putBackAfterFailure, resumeUndo } from './backward/put-back.ts';
import { revert } from './backward/revert.ts';
import { commit } from './commit.ts';
import type { StepContext } from './context.ts';
import { CancelRequested, HandOver } from './lease-keeper.ts';
import { predecessorsGone } from './predecessors.ts';
import { type Ends, RunContext, type RunParts } from './run-context.ts';
import { runOf } from './steps/registry.ts';
import { takeOver } from './take-over.ts';

/**
 * Runs one migration under one lease, from wherever its journal says it is.
 *
 * - forward (`queued`/`scheduled`/`running`): every step that has no result yet, in order; at the end `completed`.
 *   A failure restores the source, then does what `onFailure` says, and ends in `failed`.
 * - undo (`cancelling`, or a cancel that arrives while running): everything back; `cancelled`, or `failed` with
 *   residue. `reverting` likewise ends in `reverted`.
 * - `committing` ends revertability.
 * - a lost lease ends the run at once, without a further write: the successor goes on from the journal.
 */
export class MigrationRun {
  readonly #run: RunContext;

  /** @param askedAt monotonic time just before the lease was asked for; milliseconds */
  constructor(parts: RunParts, lease: Lease, migration: Migration, askedAt?: number) {
    this.#run = new RunContext(parts, lease, migration, askedAt);
  }

  /** Ends the forward work soon and gives the lease up; an undo that runs goes on to its end. */
  handOver(): void {
    this.#run.keeper.handOver();
  }

  /** Instead of {@link run}: gives the lease up unused. */
  decline(): Promise<void> {
    return this.#run.handBack();
  }

  /** Gives the lease up now, whatever runs. */
  evict(): void {
    this.#run.keeper.evict();
  }

  /** Looks now whether a cancel was requested. */
  nudge(): void {
    this.#run.keeper.nudge();
  }

  /** Never throws: what happened is in the journal and the log. */
  async run(): Promise<void> {
    const { keeper, log } = this.#run;
    keeper.start();
    try {
      await this.#dispatch();
    } catch (error) {
      if (keeper.undoSignal.reason instanceof HandOver) await this.#handBack();
      // The lease is lost, or the database does not take our last word: a successor reads the journal.
      else log.error({ err: error }, 'the run ended without a last word');
    } finally {
      await keeper.stop();
    }
  }

  async #dispatch(): Promise<void> {
    const { status, phase, cancelRequested } = this.#run.migration;
    // What no cancel leads out of comes first: one that was asked for just before is too late.
    if (status === 'reverting') await revert(this.#run);
    else if (status === 'committing') await commit(this.#run);
    else if (status === 'cancelling' || cancelRequested) await cancel(this.#run);
    else if (phase === 'undo') await resumeUndo(this.#run);
    else await this.#forward();
  }

  async #forward(): Promise<void> {
    const run = this.#run;
    const { keeper } = run;
    let ends: Ends | null = null;
    try {
      ends = await run.open(keeper.signal);
      const opened = ends;
      await run.patience('the take-over').through(() => takeOver(run, opened), keeper.signal);
      await this.#runSteps(ends);
    } catch (error) {
      if (keeper.lostSignal.aborted) throw error;
      const { reason } = keeper.signal as { reason: unknown };
      if (reason instanceof CancelRequested) return await cancel(run);
      if (reason instanceof HandOver) return await run.handBack();
      run.log.warn({ err: error }, 'the migration failed');
      return await putBackAfterFailure(run, toStoredError(error), ends);
    } finally {
      await run.close(ends);
    }
    await this.#complete();
  }

  /** A cancel that was accepted before is never dropped: the store refuses what would forget it. */
  async #complete(): Promise<void> {
    const run = this.#run;
    if (await run.cancelAsked()) return cancel(run);
    try {
      if (run.migration.spec.policies.commit === 'auto') await commit(run);
      else await run.end('completed', 'cutover', null);
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'cancel_requested')) throw error;
      await cancel(run);
    }
  }

  async #handBack(): Promise<void> {
    const { log } = this.#run;
    await this.#run
      .handBack()
      .catch((error: unknown) => log.error({ err: error }, 'the lease could not be given up'));
  }

  async #runSteps(ends: Ends): Promise<void> {
    const { journal, keeper, migration, parts } = this.#run;
    const records = await journal.steps();
    const outputs = new Map<StepName, unknown>();
    for (const definition of stepsFor(migration.mode)) {
      const last = records.filter((record) => record.step === definition.name).at(-1);
      if (last?.status === 'done' || last?.status === 'skipped') {
        outputs.set(definition.name, last.output);
        continue;
      }
      keeper.signal.throwIfAborted();
      await journal.position('running', definition.phase, definition.name);
      outputs.set(definition.name, await this.#patiently(definition.name, ends, outputs));
      parts.afterStep?.(definition.name, migration);
    }
  }

  /** A step that fails for a passing reason is done again as if a successor did it. */
  #patiently(step: StepName, ends: Ends, outputs: ReadonlyMap<StepName, unknown>): Promise<unknown> {
    const { journal, keeper } = this.#run;
    let tried = false;
    const attempt = async (): Promise<unknown> => {
      if (tried) await takeOver(this.#run, ends);
      tried = true;
      return this.#runStep(await journal.begin(step), ends, outputs);
    };
    return this.#run.patience(step).through(attempt, keeper.signal);
  }

  async #runStep(record: StepRecord, ends: Ends, outputs: ReadonlyMap<StepName, unknown>): Promise<unknown> {
    const { journal, keeper, log, migration, parts } = this.#run;
    const { clock, copier, checkpointBytes } = parts;
    const context: StepContext = {
      migration,
      ...ends,
      journal,
      copier,
      checkpointBytes,
      clock,
      log: log.child({ step: record.step }),
      signal: keeper.signal,
      pausable: (work) => keeper.pausable(work),
      predecessorsGone: () => predecessorsGone(this.#run),
      outputs,
    };
    try {
      const result = await runOf(record.step)(context);
      await journal.finish(record, result);
      return result.output;
    } catch (error) {
      if (!keeper.lostSignal.aborted)
        await journal.finish(record, { status: 'failed', error: toStoredError(error) });
      throw error;
    }
  }
}
