import { GutsError } from '@guts/core';
import type { ApiParts } from './api-parts.ts';

const SECONDS = 5;

/** Tells the database that this guts-api is alive, so that it is listed among the services. */
export class Heartbeat {
  readonly #parts: ApiParts;
  readonly #host: string;
  readonly #id: string;
  #timer: NodeJS.Timeout | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ApiParts, host: string) {
    this.#parts = parts;
    this.#host = host;
    this.#id = `api-${parts.newId()}`;
  }

  /** A database that is away at this moment is only told: it may come back, and requests say it themselves. */
  async start(): Promise<void> {
    try {
      await this.#beat();
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'database_unavailable')) throw error;
      this.#parts.log.warn({ err: error }, 'the database is away: the first heartbeat failed');
    }
    this.#timer = setInterval(() => {
      this.#last = this.#beat().catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'the heartbeat failed'),
      );
    }, SECONDS * 1000);
    this.#timer.unref();
  }

  /** Never throws: a record that stays behind is shown as dead soon. */
  async stop(): Promise<void> {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
    await this.#last; // else it might write the record anew
    try {
      await this.#parts.store.endService(this.#id);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the record of this guts-api stays behind');
    }
  }

  async #beat(): Promise<void> {
    const { store, version } = this.#parts;
    await store.heartbeat({
      id: this.#id,
      binary: 'guts-api',
      host: this.#host,
      version,
      slots: 0,
      scratchBytes: null,
      bytesPerSecond: null,
      drivers: [],
    });
  }
}
