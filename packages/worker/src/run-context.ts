import {
  type Clock,
  type DestinationConnection,
  type DiskCopier,
  type GutsError,
  type Lease,
  type Log,
  type Migration,
  type Phase,
  type Service,
  type SourceConnection,
  type Status,
  type StepName,
  type Store,
  type StoredError,
} from '@guts/core';
import type { Connections } from './connections.ts';
import { throughOutages } from './database-away.ts';
import { guardedDestination, guardedSource } from './guard.ts';
import { Journal } from './journal.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Patience } from './patience.ts';

/** How long an undo may take before what is left is called residue; seconds. */
const UNDO_SECONDS = 1800;

export interface RunParts {
  readonly store: Store;
  readonly connections: Connections;
  readonly copier: DiskCopier;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Bytes of a disk between checkpoints: at most so much is copied again after a worker's death. */
  readonly checkpointBytes: number;
  /** Before what failed for a passing reason is tried again; milliseconds. */
  readonly retryPauses: readonly number[];
  /** Called after each step's result is recorded; test faults throw here. */
  readonly afterStep?: (step: StepName, migration: Migration) => void;
}

/** Both ends of a migration. Every call on them first makes sure that the lease is still ours. */
export interface Ends {
  readonly source: SourceConnection;
  readonly destination: DestinationConnection;
}

/** What everything that is done under one lease works with. */
export class RunContext {
  readonly parts: RunParts;
  readonly migration: Migration;
  readonly keeper: LeaseKeeper;
  readonly journal: Journal;
  readonly log: Log;
  /** When its lease was asked for, by the monotonic clock; milliseconds. */
  readonly began: number;
  /** Waits for a database that is away, while the lease lasts. */
  readonly #store: Store;

  /** @param askedAt monotonic time just before the lease was asked for; milliseconds */
  constructor(parts: RunParts, lease: Lease, migration: Migration, askedAt?: number) {
    const { store, clock } = parts;
    this.parts = parts;
    this.migration = migration;
    this.began = askedAt ?? clock.monotonic();
    this.log = parts.log.child({ migration_id: migration.id });
    this.keeper = new LeaseKeeper(lease, { store, clock, log: this.log }, this.began);
    const outage = { check: () => this.keeper.check(), clock, log: this.log };
    this.#store = throughOutages(store, outage);
    this.journal = new Journal(migration, this.#store, this.keeper, parts.newId);
  }

  /** Waits for an end that is away for a moment. @throws GutsError of the driver whose end cannot be reached */
  open(signal: AbortSignal): Promise<Ends> {
    return this.patience('the connection').through(() => this.#open(signal), signal);
  }

  /** @param what is tried again, as the migration's events tell it */
  patience(what: string): Patience {
    const { clock, retryPauses } = this.parts;
    const onPause = async (error: GutsError, milliseconds: number): Promise<void> => {
      this.log.warn({ err: error, milliseconds }, 'tried again after a pause');
      const text = `${what} is tried again in ${milliseconds / 1000} s: ${error.message}`;
      await this.journal.note('migration.retrying', text, 'warning');
    };
    return new Patience({ clock, pauses: retryPauses, onPause });
  }

  async #open(signal: AbortSignal): Promise<Ends> {
    const { connections } = this.parts;
    const { sourceId, destinationId, targetProject } = this.migration;
    const check = (): void => this.keeper.check();
    const context = { signal, log: this.log, check, onWait: (why: string) => this.#tellWait(why) };
    check();
    const source = await connections.openSource(sourceId, context);
    try {
      check();
      const destination = await connections.openDestination(destinationId, { ...context, targetProject });
      return { source: guardedSource(source, check), destination: guardedDestination(destination, check) };
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  #tellWait(why: string): void {
    this.journal
      .note('migration.waiting', why)
      .catch((error: unknown) => this.log.warn({ err: error }, 'a wait could not be told'));
  }

  async close(ends: Ends | null): Promise<void> {
    for (const end of ends ? [ends.source, ends.destination] : []) {
      await end
        .close()
        .catch((error: unknown) => this.log.warn({ err: error }, 'a connection did not close'));
    }
  }

  /** A fresh signal for putting things back: neither a cancel nor a first hand-over ends it. */
  undoSignal(): AbortSignal {
    return AbortSignal.any([this.keeper.undoSignal, AbortSignal.timeout(UNDO_SECONDS * 1000)]);
  }

  /** Every daemon that reported and was not removed. */
  services(): Promise<readonly Service[]> {
    return this.#store.listServices(this.keeper.lease.seconds);
  }

  /** Whether a cancel was accepted that no renewal has told of yet. */
  async cancelAsked(): Promise<boolean> {
    const now = await this.#store.getMigration(this.migration.id, { projectId: null });
    return now?.cancelRequested === true;
  }

  /** Gives the lease up with a last status. @throws GutsError `cancel_requested` for `completed`: see the store */
  async end(status: Status, phase: Phase | null, error: StoredError | null): Promise<void> {
    const message = error ? `${status}: ${error.message}` : status;
    const severity = error ? 'error' : 'information';
    const event = this.journal.event('migration.status', message, { status, error }, severity);
    const change = { status, phase, reason: error?.message ?? null, error };
    await this.#store.finishLease(this.keeper.lease, change, event);
  }

  /** Gives the lease up in the middle: the next worker goes on from the journal. */
  async handBack(): Promise<void> {
    await this.journal.letGo();
    const reason = 'handed over by a worker that stopped';
    const event = this.journal.event('migration.handed_over', reason, {});
    await this.#store.releaseLease(this.keeper.lease, reason, event);
  }
}
