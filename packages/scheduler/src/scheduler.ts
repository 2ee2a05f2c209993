import {
  type Bus,
  type Clock,
  type Log,
  messageOf,
  type Migration,
  type NewEvent,
  type Service,
  type Store,
} from '@guts/core';
import { decide } from './decide.ts';

export interface SchedulerOptions {
  readonly id: string;
  readonly host: string;
  readonly version: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** A worker whose heartbeat is older is not chosen; seconds. */
  readonly aliveSeconds: number;
  /** How long a worker has to take what was reserved for it; seconds. */
  readonly reservationSeconds: number;
  readonly pollMilliseconds: number;
}

const BATCH = 500;

/** guts-scheduler: gives every waiting migration a worker, or the reason why it waits. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: (() => Promise<void>) | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#beat();
    this.#unsubscribe = await this.#options.bus.subscribe(['migration.queued', 'migration.action'], () =>
      this.#wake(),
    );
    this.#loop = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
    await this.#unsubscribe?.();
    await this.#options.store.removeService(this.#options.id);
  }

  /** One round over everything that waits; gives how many were reserved. */
  async tick(): Promise<number> {
    const { store, bus, aliveSeconds, reservationSeconds } = this.#options;
    const waiting = await store.listWaiting(BATCH);
    if (waiting.length === 0) return 0;
    const workers = (await store.listServices(aliveSeconds)).filter((one) => one.binary === 'guts-migration');
    let holding = await store.listHolding();
    let reserved = 0;
    for (const migration of waiting) {
      const choice = decide(migration, workers, holding);
      if (choice.worker === null) {
        if (migration.reason !== choice.reason) await store.setReason(migration.id, choice.reason);
        continue;
      }
      const event = scheduledEvent(migration, choice.worker, choice.reason);
      const row = await store.reserve(migration.id, choice.worker.id, reservationSeconds, event);
      if (!row) continue;
      holding = [...holding, row];
      reserved += 1;
      await bus.publish({ topic: 'migration.scheduled', id: row.id });
    }
    return reserved;
  }

  async #beat(): Promise<void> {
    const { id, host, version, store } = this.#options;
    await store.heartbeat({ id, binary: 'guts-scheduler', host, version, slots: 0, drivers: [] });
  }

  async #poll(): Promise<void> {
    const { clock, log, pollMilliseconds } = this.#options;
    const { signal } = this.#stopping;
    let beaten = clock.monotonic();
    while (!signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      try {
        await this.tick();
        if (clock.monotonic() - beaten > 5000) {
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

function scheduledEvent(migration: Migration, worker: Service, reason: string): NewEvent {
  return {
    projectId: migration.projectId,
    resource: 'migration',
    resourceId: migration.id,
    type: 'migration.scheduled',
    severity: 'information',
    message: `reserved for worker ${worker.id} on ${worker.host}: ${reason}`,
    data: { worker_id: worker.id },
  };
}
