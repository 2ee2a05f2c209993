import type { ApiParts } from './api-parts.ts';

const SECONDS = 5;

/** Tells the database that this guts-api is alive, so that it is listed among the services. */
export class Heartbeat {
  readonly #parts: ApiParts;
  readonly #host: string;
  readonly #id: string;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ApiParts, host: string) {
    this.#parts = parts;
    this.#host = host;
    this.#id = `api-${parts.newId()}`;
  }

  async start(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beat().catch((error: unknown) => this.#parts.log.warn({ err: error }, 'the heartbeat failed'));
    }, SECONDS * 1000);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    await this.#parts.store.removeService(this.#id);
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
