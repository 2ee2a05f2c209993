import type { Bus, Clock, Log, OutboxStore } from '@guts/core';
import { Pump } from './pump.ts';

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

/**
 * Carries what the outbox holds to the bus. A message is forgotten only once the bus has confirmed it, so none is
 * lost; one may come twice, which does no harm. With the bus or the database away it waits longer and longer.
 */
export class OutboxRelay {
  readonly #parts: RelayParts;
  readonly #pump: Pump;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    const { clock, log, pollMilliseconds } = parts;
    this.#pump = new Pump({
      clock,
      log,
      pollMilliseconds,
      work: () => this.#relay(),
      complaint: 'messages wait in the outbox',
    });
  }

  start(): void {
    this.#pump.start();
  }

  /** Something was written: looks at once. */
  nudge(): void {
    this.#pump.nudge();
  }

  stop(): Promise<void> {
    return this.#pump.stop();
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
}
