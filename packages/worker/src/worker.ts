import { type Bus, GutsError, messageOf, type Store } from '@guts/core';
import { MigrationRun } from './migration-run.ts';
import type { RunParts } from './run-context.ts';
import { runOneOperation } from './operations/run.ts';
import { type FreeSpace, Scratch } from './scratch.ts';

export interface WorkerOptions extends RunParts {
  readonly id: string;
  readonly host: string;
  readonly version: string;
  /** Migrations at once. */
  readonly slots: number;
  /** How long a lease lasts without renewal; seconds. */
  readonly leaseSeconds: number;
  /** How often the database is asked when no message says so; milliseconds. */
  readonly pollMilliseconds: number;
  readonly heartbeatMilliseconds: number;
  /** Asked at each heartbeat. */
  readonly freeSpace: FreeSpace;
  /** Bandwidth that it reports; bytes per second; null: not known. */
  readonly bytesPerSecond: number | null;
  /** Told what all its copies together may move, whenever that is another; bytes per second; null: no limit. */
  readonly limitCopies?: (bytesPerSecond: number | null) => void;
  /** How long a worker that stops waits for copies to come to a checkpoint and for an undo to end; seconds. */
  readonly stopSeconds: number;
  readonly bus: Bus;
  /** Whether there is still room for what was reserved; a reason if not. */
  readonly recheck?: Parameters<Store['acquireLease']>[3];
}

const OPERATIONS_AT_ONCE = 2;

/** guts-migration: runs the migrations reserved for it and whatever operations wait. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #runs = new Map<string, { run: MigrationRun; done: Promise<void> }>();
  readonly #stopping = new AbortController();
  #operations = 0;
  readonly #scratch: Scratch;
  #disabled = false;
  #limit: number | null = null;
  readonly #jobs = new Set<Promise<void>>();
  #wake: () => void = () => undefined;
  #loops: Promise<unknown> = Promise.resolve();
  #unsubscribe: (() => Promise<void>) | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#scratch = new Scratch(options.freeSpace, options);
  }

  /**
   * A database that is away at this moment is only told: work is looked for when it comes back.
   * @throws GutsError when the database refuses to be written
   */
  async start(): Promise<void> {
    const { bus, id, log } = this.#options;
    try {
      await this.#beat();
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'database_unavailable')) throw error;
      log.warn({ err: error }, 'the database is away: the first heartbeat failed');
    }
    const own = await bus.subscribe(
      ['migration.scheduled', 'migration.action'],
      { group: null },
      (message) => {
        if (message.to !== undefined && message.to !== id) return;
        this.#runs.get(message.id)?.run.nudge();
        this.#wake();
      },
    );
    const shared = await bus.subscribe(['operation.queued'], { group: 'worker' }, () => this.#wake());
    this.#unsubscribe = async () => {
      await own();
      await shared();
    };
    this.#loops = Promise.all([this.#heartbeats(), this.#poll()]);
  }

  /**
   * Lets nothing new begin, has copies come to a checkpoint and an undo to its end, and gives the leases up. What
   * has not ended after `stopSeconds`, or when it is asked a second time, is ended as it is, its lease given up too.
   */
  stop(): Promise<void> {
    if (this.#stopped) this.#evict('asked again');
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { stopSeconds } = this.#options;
    this.#stopping.abort(new Error('the worker stops'));
    this.#wake();
    this.#handOver();
    const done = new AbortController();
    const evict = this.#evictAfter(stopSeconds, done.signal);
    await Promise.all([...[...this.#runs.values()].map((one) => one.done), ...this.#jobs]);
    done.abort();
    await evict;
    await this.#loops;
    await this.#unsubscribe?.();
    const { store, id, log } = this.#options;
    await store
      .endService(id)
      // It is shown as dead soon.
      .catch((error: unknown) => log.warn({ err: error }, 'the record of this worker stays behind'));
  }

  async #evictAfter(seconds: number, done: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(seconds * 1000, done).catch(() => undefined);
    if (!done.aborted) this.#evict(`still busy after ${seconds} seconds`);
  }

  #evict(why: string): void {
    this.#options.log.warn({ running: this.#runs.size }, `${why}: leases are given up`);
    for (const { run } of this.#runs.values()) run.evict();
  }

  async #heartbeats(): Promise<void> {
    await this.#every(this.#options.heartbeatMilliseconds, () => this.#beat());
  }

  /** Everything that runs goes to other workers, soon and well. */
  #handOver(): void {
    for (const { run } of this.#runs.values()) run.handOver();
  }

  async #beat(): Promise<void> {
    const { id, host, version, slots, bytesPerSecond, connections, store, log } = this.#options;
    const drivers = [...connections.sources, ...connections.destinations].map((driver) => driver.schemas);
    const { disabled, draining, bytesPerSecondLimit } = await store.heartbeat({
      id,
      binary: 'guts-migration',
      host,
      version,
      slots,
      scratchBytes: await this.#scratch.measure(),
      bytesPerSecond,
      drivers,
    });
    if (disabled !== this.#disabled)
      log.warn({ disabled, draining }, disabled ? 'disabled: nothing new is begun' : 'enabled again');
    this.#disabled = disabled;
    this.#limitTo(bytesPerSecondLimit);
    if (draining) this.#handOver();
  }

  #limitTo(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.#limit) return;
    const { limitCopies, log } = this.#options;
    log.info(
      { bytes_per_second: bytesPerSecond },
      bytesPerSecond === null ? 'copies have no limit any more' : 'copies are limited',
    );
    limitCopies?.(bytesPerSecond);
    this.#limit = bytesPerSecond;
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
    const { id, store, leaseSeconds, log, clock, recheck } = this.#options;
    for (const reserved of await store.listReserved(id)) {
      if (this.#stopping.signal.aborted) return;
      if (this.#runs.has(reserved.id)) continue;
      const askedAt = clock.monotonic();
      const got = await store.acquireLease(reserved.id, id, leaseSeconds, recheck);
      if (!got) continue;
      log.info({ migration_id: reserved.id, epoch: got.lease.epoch }, 'lease acquired');
      const run = new MigrationRun(this.#options, got.lease, got.migration, askedAt);
      // It came while the stop began, which neither hands it over nor waits for it.
      if (this.#stopping.signal.aborted) return run.decline();
      const done = run.run().finally(() => {
        this.#runs.delete(reserved.id);
        this.#wake();
      });
      this.#runs.set(reserved.id, { run, done });
    }
  }

  #takeOperations(): void {
    while (!this.#disabled && this.#operations < OPERATIONS_AT_ONCE) {
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
