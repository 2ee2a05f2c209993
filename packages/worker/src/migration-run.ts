import {
  type Clock,
  type DestinationConnection,
  type DiskCopier,
  type Lease,
  type Log,
  type Migration,
  type Phase,
  type SourceConnection,
  type Status,
  type StepName,
  type StepRecord,
  stepsFor,
  type Store,
  type StoredError,
  toStoredError,
} from '@guts/core';
import type { Connections } from './connections.ts';
import type { StepContext } from './context.ts';
import { Journal } from './journal.ts';
import { CancelRequested, HandOver, LeaseKeeper } from './lease-keeper.ts';
import { runOf } from './steps/registry.ts';
import { type Residue, undo } from './undo.ts';

/** How long an undo may take before what is left is called residue; seconds. */
const UNDO_SECONDS = 1800;

export interface RunParts {
  readonly store: Store;
  readonly connections: Connections;
  readonly copier: DiskCopier;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Called after each step's result is recorded; test faults throw here. */
  readonly afterStep?: (step: StepName, migration: Migration) => void;
}

interface Ends {
  readonly source: SourceConnection;
  readonly destination: DestinationConnection;
}

/**
 * Runs one migration under one lease, from wherever its journal says it is.
 *
 * - forward (`queued`/`scheduled`/`running`): every step that has no result yet, in order; at the end `completed`.
 *   A failure restores the source, then does what `onFailure` says, and ends in `failed`.
 * - undo (`cancelling`, or a cancel that arrives while running): everything back; `cancelled`, or `failed` with
 *   residue.
 * - a lost lease ends the run at once, without a further write: the successor goes on from the journal.
 */
export class MigrationRun {
  readonly #parts: RunParts;
  readonly #migration: Migration;
  readonly #keeper: LeaseKeeper;
  readonly #journal: Journal;
  readonly #log: Log;

  constructor(parts: RunParts, lease: Lease, migration: Migration) {
    this.#parts = parts;
    this.#migration = migration;
    this.#log = parts.log.child({ migration_id: migration.id });
    this.#keeper = new LeaseKeeper(lease, { store: parts.store, clock: parts.clock, log: this.#log });
    this.#journal = new Journal(migration, parts.store, this.#keeper, parts.newId);
  }

  /** Ends the forward work at once and gives the lease up; an undo that runs goes on to its end. */
  handOver(): void {
    this.#keeper.interrupt(new HandOver());
  }

  /** Never throws: what happened is in the journal and the log. */
  async run(): Promise<void> {
    this.#keeper.start();
    try {
      const { status, phase, cancelRequested } = this.#migration;
      if (status === 'cancelling' || cancelRequested) await this.#cancel();
      else if (status === 'reverting') await this.#end('failed', 'undo', UNSUPPORTED_REVERT);
      else if (phase === 'undo') await this.#resumeUndo();
      else await this.#forward();
    } catch (error) {
      // The lease is lost, or the database does not take our last word: a successor reads the journal.
      this.#log.error({ err: error }, 'the run ended without a last word');
    } finally {
      await this.#keeper.stop();
    }
  }

  async #forward(): Promise<void> {
    let ends: Ends | null = null;
    try {
      ends = await this.#open(this.#keeper.signal);
      await this.#runSteps(ends);
      await this.#end('completed', 'cutover', null);
    } catch (error) {
      if (this.#keeper.lostSignal.aborted) throw error;
      const { reason } = this.#keeper.signal as { reason: unknown };
      if (reason instanceof CancelRequested) await this.#cancel();
      else if (reason instanceof HandOver) await this.#handBack();
      else await this.#fail(error, ends);
    } finally {
      await this.#close(ends);
    }
  }

  async #runSteps(ends: Ends): Promise<void> {
    const records = await this.#journal.steps();
    const outputs = new Map<StepName, unknown>();
    for (const definition of stepsFor(this.#migration.mode)) {
      const last = records.filter((record) => record.step === definition.name).at(-1);
      if (last?.status === 'done' || last?.status === 'skipped') {
        outputs.set(definition.name, last.output);
        continue;
      }
      this.#keeper.signal.throwIfAborted();
      await this.#journal.position('running', definition.phase, definition.name);
      const record = await this.#journal.begin(definition.name);
      outputs.set(definition.name, await this.#runStep(record, ends, outputs));
      this.#parts.afterStep?.(definition.name, this.#migration);
    }
  }

  async #runStep(record: StepRecord, ends: Ends, outputs: ReadonlyMap<StepName, unknown>): Promise<unknown> {
    const { clock, copier } = this.#parts;
    const context: StepContext = {
      migration: this.#migration,
      ...ends,
      journal: this.#journal,
      copier,
      clock,
      log: this.#log.child({ step: record.step }),
      signal: this.#keeper.signal,
      outputs,
    };
    try {
      const result = await runOf(record.step)(context);
      await this.#journal.finish(record, result);
      return result.output;
    } catch (error) {
      if (!this.#keeper.lostSignal.aborted)
        await this.#journal.finish(record, { status: 'failed', error: toStoredError(error) });
      throw error;
    }
  }

  async #fail(cause: unknown, ends: Ends | null): Promise<void> {
    this.#log.warn({ err: cause }, 'the migration failed');
    await this.#undoFailure(toStoredError(cause), ends);
  }

  /** From here on a successor goes on with the undo, never with the forward steps. */
  async #undoFailure(error: StoredError, ends: Ends | null): Promise<void> {
    await this.#journal.position('running', 'undo', null);
    const remove = this.#migration.spec.policies.onFailure === 'undo';
    const residues = await this.#undo(ends, remove);
    await this.#end('failed', 'undo', withResidues(error, residues));
  }

  /** A predecessor died in the undo, or a retry was asked after an undo that left something. */
  async #resumeUndo(): Promise<void> {
    const failed = (await this.#journal.steps()).filter((record) => record.error !== null).at(-1);
    const error = (failed?.error as StoredError | undefined) ?? this.#migration.error ?? UNKNOWN_FAILURE;
    await this.#undoFailure(withoutResidues(error), null);
  }

  async #cancel(): Promise<void> {
    await this.#journal.position('cancelling', 'undo', null);
    const ends = await this.#open(this.#undoSignal()).catch((error: unknown) => toStoredError(error));
    if ('code' in ends) {
      if ((await this.#journal.liveArtifacts()).length === 0) return this.#end('cancelled', 'undo', null);
      return this.#end('failed', 'undo', ends);
    }
    try {
      const residues = await this.#undo(ends, true);
      if (residues.length === 0) return await this.#end('cancelled', 'undo', null);
      const error: StoredError = {
        code: 'conflict',
        message: 'cancelled, but not everything could be put back',
      };
      await this.#end('failed', 'undo', withResidues(error, residues));
    } finally {
      await this.#close(ends);
    }
  }

  async #undo(ends: Ends | null, removeTarget: boolean): Promise<readonly Residue[]> {
    const before = await this.#journal.liveArtifacts();
    // Before anything is put back: were we killed in between, nobody may trust data of a source that runs again.
    const restarts = before.some((one) => one.kind === 'power_state' && one.data['was'] === 'on');
    await this.#forget(removeTarget, restarts);
    if (before.length === 0) return [];
    const signal = this.#undoSignal();
    const opened = ends ?? (await this.#open(signal).catch((error: unknown) => toStoredError(error)));
    if ('code' in opened)
      return before.map(({ role, kind, externalId }) => ({ role, kind, externalId, reason: opened.message }));
    try {
      const parts = { ...opened, journal: this.#journal, instanceRef: this.#migration.instanceRef, signal };
      return await undo(parts, { removeTarget });
    } finally {
      if (!ends) await this.#close(opened);
    }
  }

  /**
   * Marks results that hold no longer, so that a retry starts at the first step whose result is still valid. Data
   * read before the source ran again is one of them.
   */
  async #forget(everything: boolean, sourceRestarted: boolean): Promise<void> {
    if (!everything && !sourceRestarted) return;
    for (const pass of await this.#journal.passes())
      if (pass.finishedAt !== null)
        await this.#journal.putPass({ ...pass, finishedAt: null, verification: null });
    const keep = everything ? [] : ['preflight', 'reserve'];
    const last = new Map<StepName, StepRecord>();
    for (const record of await this.#journal.steps()) last.set(record.step, record);
    for (const record of last.values()) {
      const stands = record.status === 'done' || record.status === 'skipped';
      if (stands && !keep.includes(record.step))
        await this.#journal.finish(record, { status: 'undone', output: record.output, note: record.note });
    }
  }

  async #open(signal: AbortSignal): Promise<Ends> {
    const { connections } = this.#parts;
    const { sourceId, destinationId, targetProject } = this.#migration;
    const source = await connections.openSource(sourceId, { signal, log: this.#log });
    try {
      const context = { targetProject, signal, log: this.#log };
      return { source, destination: await connections.openDestination(destinationId, context) };
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  async #close(ends: Ends | null): Promise<void> {
    for (const end of ends ? [ends.source, ends.destination] : []) {
      await end
        .close()
        .catch((error: unknown) => this.#log.warn({ err: error }, 'a connection did not close'));
    }
  }

  #undoSignal(): AbortSignal {
    return AbortSignal.any([this.#keeper.lostSignal, AbortSignal.timeout(UNDO_SECONDS * 1000)]);
  }

  async #handBack(): Promise<void> {
    const reason = 'handed over by a worker that stopped';
    const event = this.#journal.event('migration.status', reason, { status: 'queued' });
    const change = { status: 'queued' as const, phase: null, reason, error: null };
    await this.#parts.store.finishLease(this.#keeper.lease, change, event);
  }

  async #end(status: Status, phase: Phase, error: StoredError | null): Promise<void> {
    const message = error ? `${status}: ${error.message}` : status;
    const event = this.#journal.event(
      'migration.status',
      message,
      { status, error },
      error ? 'error' : 'information',
    );
    const change = { status, phase, reason: error?.message ?? null, error };
    await this.#parts.store.finishLease(this.#keeper.lease, change, event);
  }
}

const UNSUPPORTED_REVERT: StoredError = {
  code: 'unsupported',
  message: 'this version cannot revert a completed migration',
};

const UNKNOWN_FAILURE: StoredError = {
  code: 'internal',
  message: 'the worker died before it could record why the migration failed',
};

function withoutResidues({ details, ...error }: StoredError): StoredError {
  if (!details) return error;
  const { residues: _gone, ...rest } = details;
  return Object.keys(rest).length === 0 ? error : { ...error, details: rest };
}

function withResidues(error: StoredError, residues: readonly Residue[]): StoredError {
  return residues.length === 0 ? error : { ...error, details: { ...error.details, residues } };
}
