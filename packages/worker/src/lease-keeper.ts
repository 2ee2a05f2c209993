import { GutsError, type Clock, type Lease, type Log, type MigrationStore } from '@guts/core';

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
 * Holds a lease while its migration runs: renews it at a third of its time, aborts {@link signal} when it is
 * lost, and turns a requested cancel into an abort of its own kind.
 */
export class LeaseKeeper {
  readonly lease: Lease;
  readonly #store: MigrationStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #work = new AbortController();
  readonly #stop = new AbortController();
  #deadline: number;
  #loop: Promise<void> = Promise.resolve();

  constructor(lease: Lease, parts: { store: MigrationStore; clock: Clock; log: Log }) {
    this.lease = lease;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#deadline = parts.clock.monotonic() + lease.seconds * 1000;
  }

  /** Aborted when the lease is lost, when a cancel is requested or when the worker hands over. */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** Aborted only when the lease is lost: what the undo runs under. */
  get lostSignal(): AbortSignal {
    return this.#lost.signal;
  }

  start(): void {
    this.#loop = this.#renew();
  }

  /** Aborts the forward work, keeping the lease. */
  interrupt(reason: Error): void {
    this.#work.abort(reason);
  }

  /**
   * Called before every external request: throws unless the lease has at least a fifth of its time left, by the
   * monotonic clock, so that a request can end before a successor may start.
   * @throws GutsError `lease_lost`
   */
  check(): void {
    const left = this.#deadline - this.#clock.monotonic();
    if (left < this.lease.seconds * 200) this.#lose('the lease was not renewed in time');
    this.#lost.signal.throwIfAborted();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  #lose(message: string): void {
    const error = new GutsError('lease_lost', message);
    this.#lost.abort(error);
    this.#work.abort(error);
  }

  async #renew(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#lost.signal.aborted) {
      try {
        await this.#clock.sleep((this.lease.seconds * 1000) / 3, this.#stop.signal);
      } catch {
        return; // stop() was called: the only reason this sleep rejects
      }
      const asked = this.#clock.monotonic();
      try {
        const { held, cancelRequested } = await this.#store.renewLease(this.lease);
        if (!held) return this.#lose('another worker took the lease over');
        this.#deadline = asked + this.lease.seconds * 1000;
        if (cancelRequested) this.#work.abort(new CancelRequested());
      } catch (error) {
        // The database may come back before the lease runs out; check() ends the work if it does not.
        this.#log.warn({ err: error }, 'the lease could not be renewed');
        if (this.#clock.monotonic() > this.#deadline) return this.#lose('the lease ran out');
      }
    }
  }
}
