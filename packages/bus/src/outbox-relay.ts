import { type Bus, type Clock, type Log, messageOf, type OutboxStore } from '@guts/core';

export interface RelayParts {
  readonly store: OutboxStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among those that relay. */
  readonly owner: string;
  /** How often the outbox is looked at when nobody nudges. */
  readonly pollMilliseconds: number;
}

const BATCH = 100;
/** How long what was taken is kept from others; longer than publishing it may take. */
const CLAIM_SECONDS = 30;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Carries what the outbox holds to the bus. A message is forgotten only once the bus has confirmed it, so none is
 * lost; one may come twice, which does no harm. With the bus or the database away it waits longer and longer.
 */
export class OutboxRelay {
  readonly #parts: RelayParts;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #nudged = false;
  #loop: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Something was written: looks at once. */
  nudge(): void {
    this.#nudged = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      this.#nudged = false;
      try {
        const more = await this.#relay();
        this.#failures = 0;
        if (more) continue;
      } catch (error) {
        this.#failures += 1;
        // Said once per outage: it is tried again for as long as it lasts.
        if (this.#failures === 1)
          log.warn({ err: error }, `messages wait in the outbox: ${messageOf(error)}`);
      }
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      if (this.#nudged && this.#failures === 0) continue;
      const signal = AbortSignal.any([this.#stopping.signal, woken.signal]);
      await clock.sleep(this.#pause(), signal).catch(() => undefined);
    }
  }

  /** True when there may be more. */
  async #relay(): Promise<boolean> {
    const { store, bus, owner } = this.#parts;
    const taken = await store.claimOutbox(owner, BATCH, CLAIM_SECONDS);
    const done: number[] = [];
    try {
      for (const { id, message } of taken) {
        await bus.publish(message);
        done.push(id);
      }
    } finally {
      await store.settleOutbox(done);
    }
    return taken.length === BATCH;
  }

  #pause(): number {
    const { pollMilliseconds } = this.#parts;
    if (this.#failures === 0) return pollMilliseconds;
    const longer = Math.min(LONGEST_PAUSE_MS, pollMilliseconds * 2 ** Math.min(this.#failures, 10));
    return longer * (0.5 + Math.random() / 2);
  }
}
