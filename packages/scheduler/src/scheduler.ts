import {
  type Bus,
  type Clock,
  decide,
  GutsError,
  type Limits,
  type Log,
  messageOf,
  type Store,
} from '@guts/core';

export interface SchedulerOptions {
  readonly id: string;
  readonly host: string;
  readonly version: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** A worker whose heartbeat is older is not chosen; seconds. */
  readonly aliveSeconds: number;
  /** How long a worker has to take what was reserved for it; seconds. */
  readonly reservationSeconds: number;
  readonly pollMilliseconds: number;
  /** Milliseconds between heartbeats of its own. */
  readonly heartbeatMilliseconds: number;
  /** Called after a round that reserved something: its messages are in the outbox. */
  readonly nudge: () => void;
}

/** How the last round went. */
export interface RoundMetrics {
  readonly rounds: number;
  /** Of the last round, with its reads and writes. */
  readonly milliseconds: number;
  readonly waiting: number;
  readonly reserved: number;
}

/** Waiting migrations that one round looks at. */
const LIMIT = 20_000;

/**
 * guts-scheduler: gives every waiting migration a worker, or the reason why it waits. Any number of them may run:
 * the store lets one round happen at a time.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #stopping = new AbortController();
  #metrics: RoundMetrics = { rounds: 0, milliseconds: 0, waiting: 0, reserved: 0 };
  #wake: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: (() => Promise<void>) | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  get metrics(): RoundMetrics {
    return this.#metrics;
  }

  /** A database that is away at this moment is only told: rounds begin when it comes back. */
  async start(): Promise<void> {
    try {
      await this.#beat();
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'database_unavailable')) throw error;
      this.#options.log.warn({ err: error }, 'the database is away: the first heartbeat failed');
    }
    this.#unsubscribe = await this.#options.bus.subscribe(['migration.queued'], { group: 'scheduler' }, () =>
      this.#wake(),
    );
    this.#loop = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
    await this.#unsubscribe?.();
    const { store, id, log } = this.#options;
    await store
      .endService(id)
      // It is shown as dead soon.
      .catch((error: unknown) => log.warn({ err: error }, 'the record of this scheduler stays behind'));
  }

  /** One round over everything that waits; gives how many were reserved. */
  async tick(): Promise<number> {
    const { store, clock, limits, aliveSeconds, reservationSeconds, nudge } = this.#options;
    const began = clock.monotonic();
    const { waiting, reserved } = await store.scheduleRound(
      { aliveSeconds, reservationSeconds, limit: LIMIT },
      (view) => decide(view, limits),
    );
    this.#metrics = {
      rounds: this.#metrics.rounds + 1,
      milliseconds: clock.monotonic() - began,
      waiting,
      reserved: reserved.length,
    };
    if (reserved.length > 0) nudge();
    return reserved.length;
  }

  async #beat(): Promise<void> {
    const { id, host, version, store } = this.#options;
    await store.heartbeat({
      id,
      binary: 'guts-scheduler',
      host,
      version,
      slots: 0,
      scratchBytes: null,
      bytesPerSecond: null,
      drivers: [],
    });
  }

  async #poll(): Promise<void> {
    const { clock, log, pollMilliseconds, heartbeatMilliseconds } = this.#options;
    const { signal } = this.#stopping;
    let beaten = clock.monotonic();
    while (!signal.aborted) {
      // Armed before looking, so that a message which arrives meanwhile is not missed.
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      try {
        await this.tick();
        if (clock.monotonic() - beaten > heartbeatMilliseconds) {
          beaten = clock.monotonic();
          await this.#beat();
        }
      } catch (error) {
        log.error({ err: error }, `a scheduling round failed: ${messageOf(error)}`);
      }
      await clock.sleep(pollMilliseconds, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    }
  }
}
