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

  async start(): Promise<void> {
    await this.#beat();
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
      await this.#parts.store.removeService(this.#id);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the record of this guts-api stays behind');
    }
  }

  #beat(): Promise<void> {
    const { store, version } = this.#parts;
    return store.heartbeat({
      id: this.#id,
      binary: 'guts-api',
      host: this.#host,
      version,
      slots: 0,
      drivers: [],
    });
  }
}
