import {
  type Bus,
  type Log,
  messageOf,
  type Service,
  type StepName,
  type Migration,
  type Store,
} from '@guts/core';
import type { Clock, DiskCopier } from '@guts/core';
import type { Connections } from './connections.ts';
import { MigrationRun } from './migration-run.ts';
import { runOneOperation } from './operations/run.ts';

export interface WorkerOptions {
  readonly id: string;
  readonly host: string;
  readonly version: string;
  /** Migrations at once. */
  readonly slots: number;
  /** How long a lease lasts without renewal; seconds. */
  readonly leaseSeconds: number;
  /** How often the database is asked when no message says so; milliseconds. */
  readonly pollMilliseconds: number;
  readonly store: Store;
  readonly bus: Bus;
  readonly connections: Connections;
  readonly copier: DiskCopier;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly afterStep?: (step: StepName, migration: Migration) => void;
}

const HEARTBEAT_MS = 5000;
const OPERATIONS_AT_ONCE = 2;

/** guts-migration: runs the migrations reserved for it and whatever operations wait. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #runs = new Map<string, { run: MigrationRun; done: Promise<void> }>();
  readonly #stopping = new AbortController();
  #operations = 0;
  readonly #jobs = new Set<Promise<void>>();
  #wake: () => void = () => undefined;
  #loops: Promise<unknown> = Promise.resolve();
  #unsubscribe: (() => Promise<void>) | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** @throws when the database cannot be written */
  async start(): Promise<void> {
    await this.#beat();
    this.#unsubscribe = await this.#options.bus.subscribe(['migration.scheduled', 'operation.queued'], () =>
      this.#wake(),
    );
    this.#loops = Promise.all([this.#heartbeats(), this.#poll()]);
  }

  /** Lets nothing new begin, interrupts what runs, waits until leases are given up. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the worker stops'));
    this.#wake();
    for (const { run } of this.#runs.values()) run.handOver();
    await Promise.all([...[...this.#runs.values()].map((one) => one.done), ...this.#jobs]);
    await this.#loops;
    await this.#unsubscribe?.();
    await this.#options.store.removeService(this.#options.id);
  }

  async #heartbeats(): Promise<void> {
    await this.#every(HEARTBEAT_MS, () => this.#beat());
  }

  #beat(): Promise<void> {
    const { id, host, version, slots, connections, store } = this.#options;
    const drivers = [...connections.sources, ...connections.destinations].map((driver) => driver.schemas);
    const service: Omit<Service, 'alive' | 'heartbeatAt' | 'startedAt' | 'disabled' | 'disabledReason'> = {
      id,
      binary: 'guts-migration',
      host,
      version,
      slots,
      drivers,
    };
    return store.heartbeat(service);
  }

  async #every(milliseconds: number, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(milliseconds, signal);
        await work();
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, `the worker's loop failed: ${messageOf(error)}`);
      }
    }
  }

  async #poll(): Promise<void> {
    const { clock, log, pollMilliseconds } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Armed before looking, so that a message which arrives meanwhile is not missed.
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      try {
        await this.#takeMigrations();
        this.#takeOperations();
      } catch (error) {
        log.error({ err: error }, `looking for work failed: ${messageOf(error)}`);
      }
      const either = AbortSignal.any([signal, woken.signal]);
      await clock.sleep(pollMilliseconds, either).catch(() => undefined);
    }
  }

  async #takeMigrations(): Promise<void> {
    const { id, store, leaseSeconds, log } = this.#options;
    for (const reserved of await store.listReserved(id)) {
      if (this.#stopping.signal.aborted) return;
      if (this.#runs.has(reserved.id)) continue;
      const got = await store.acquireLease(reserved.id, id, leaseSeconds);
      if (!got) continue;
      log.info({ migration_id: reserved.id, epoch: got.lease.epoch }, 'lease acquired');
      const run = new MigrationRun(this.#options, got.lease, got.migration);
      const done = run.run().finally(() => {
        this.#runs.delete(reserved.id);
        this.#wake();
      });
      this.#runs.set(reserved.id, { run, done });
    }
  }

  #takeOperations(): void {
    while (this.#operations < OPERATIONS_AT_ONCE) {
      this.#operations += 1;
      const job = this.#drainOperations().finally(() => {
        this.#operations -= 1;
        this.#jobs.delete(job);
      });
      this.#jobs.add(job);
    }
  }

  async #drainOperations(): Promise<void> {
    const { id, log } = this.#options;
    const { signal } = this.#stopping;
    try {
      while (!signal.aborted && (await runOneOperation({ ...this.#options, workerId: id }, signal)));
    } catch (error) {
      log.error({ err: error }, `an operation ended badly: ${messageOf(error)}`);
    }
  }
}
