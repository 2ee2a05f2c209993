import { GutsError, type Clock, type Lease, type Log, type MigrationStore } from '@guts/core';

const TOO_LATE = 'the lease was not renewed in time';

/** Why a keeper aborted its signal. */
export class CancelRequested extends Error {
  constructor() {
    super('cancel was requested');
    this.name = 'CancelRequested';
  }
}

/** The worker stops: the migration goes back to the queue, its journal as it stands. */
export class HandOver extends Error {
  constructor() {
    super('the worker stops and hands over');
    this.name = 'HandOver';
  }
}

/**
 * Holds a lease while its migration runs: renews it at a third of its time, aborts {@link signal} when it is lost
 * or a fifth before it ends, whatever its renewal does, and turns a requested cancel or hand-over into an abort of
 * its own kind.
 */
export class LeaseKeeper {
  readonly lease: Lease;
  readonly #store: MigrationStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #work = new AbortController();
  readonly #pause = new AbortController();
  readonly #stop = new AbortController();
  readonly #evict = new AbortController();
  readonly #ended = new AbortController();
  #pausables = 0;
  #wake: () => void = () => undefined;
  /** By the monotonic clock; milliseconds. */
  #deadline: number;
  #renewing: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  /** @param askedAt monotonic time just before the lease was asked for; milliseconds */
  constructor(lease: Lease, parts: { store: MigrationStore; clock: Clock; log: Log }, askedAt?: number) {
    this.lease = lease;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#deadline = (askedAt ?? parts.clock.monotonic()) + lease.seconds * 1000;
  }

  /** Aborted when the lease is lost, when a cancel is requested or when the worker hands over. */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** Aborted when the lease is lost, or when a worker that stops can wait no longer: what the undo runs under. */
  get undoSignal(): AbortSignal {
    return this.#evict.signal;
  }

  get lostSignal(): AbortSignal {
    return this.#lost.signal;
  }

  start(): void {
    this.#renewing = this.#renew();
    this.#watching = this.#watch();
  }

  /** Looks now whether a cancel was requested. */
  nudge(): void {
    this.#wake();
  }

  /** Ends the forward work: copies that can be gone on with at their next chunk, anything else at once. */
  handOver(): void {
    this.#pause.abort(new HandOver());
    if (this.#pausables === 0) this.#work.abort(new HandOver());
  }

  /** Ends whatever runs at once, an undo too; the lease is still held and can be given up. */
  evict(): void {
    this.#work.abort(new HandOver());
    this.#evict.abort(new HandOver());
  }

  /** Work that ends soon and well after its signal is aborted; a hand-over waits for it. */
  async pausable<T>(work: (pause: AbortSignal) => Promise<T>): Promise<T> {
    this.#pausables += 1;
    try {
      return await work(this.#pause.signal);
    } finally {
      this.#pausables -= 1;
      if (this.#pausables === 0 && this.#pause.signal.aborted) this.#work.abort(new HandOver());
    }
  }

  /**
   * Called before every external request: throws unless the lease has at least a fifth of its time left, by the
   * monotonic clock, so that a request can end before a successor may start.
   * @throws GutsError `lease_lost`
   */
  check(): void {
    if (this.#left() <= 0) this.#lose(TOO_LATE);
    this.#lost.signal.throwIfAborted();
  }

  /** Does not wait for a renewal that hangs for longer than the lease lasts. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.race([this.#renewing, this.#watching]);
    this.#ended.abort();
    await this.#watching;
  }

  /** Until nothing may begin any more; milliseconds. */
  #left(): number {
    return this.#deadline - this.lease.seconds * 200 - this.#clock.monotonic();
  }

  async #watch(): Promise<void> {
    while (!this.#lost.signal.aborted && !this.#ended.signal.aborted) {
      const left = this.#left();
      if (left <= 0) return this.#lose(TOO_LATE);
      // Rejects only when it is ended.
      await this.#clock.sleep(left, this.#ended.signal).catch(() => undefined);
    }
  }

  #lose(message: string): void {
    const error = new GutsError('lease_lost', message);
    this.#lost.abort(error);
    this.#work.abort(error);
    this.#evict.abort(error);
  }

  async #renew(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#lost.signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      // Rejects only when it is stopped or woken.
      await this.#clock
        .sleep((this.lease.seconds * 1000) / 3, AbortSignal.any([this.#stop.signal, woken.signal]))
        .catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      const asked = this.#clock.monotonic();
      // It slept for long (the process was stopped): nothing may go on before the database has had its say.
      if (asked > this.#deadline) return this.#lose('the lease ran out');
      try {
        const { held, cancelRequested } = await this.#store.renewLease(this.lease);
        if (!held) return this.#lose('another worker took the lease over');
        this.#deadline = asked + this.lease.seconds * 1000;
        if (cancelRequested) this.#work.abort(new CancelRequested());
      } catch (error) {
        // The database may come back before the lease runs out.
        this.#log.warn({ err: error }, 'the lease could not be renewed');
      }
    }
  }
}
