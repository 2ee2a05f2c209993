import { orAbort } from '../abort.ts';

interface Entry<V> {
  readonly weight: number;
  readonly loading: Promise<V>;
  value: V | undefined;
}

/**
 * Keeps what was used last, up to a total weight (and always the newest). Who asks for what is being loaded waits
 * for that load, so a load must not end with one asker's signal; each asker's wait does.
 */
export class SharedCache<V> {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<V>>();
  #weight = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Total weight of what is kept. */
  get weight(): number {
    return this.#weight;
  }

  /** What is kept under the key and has come. */
  peek(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  async get(key: string, weight: number, load: () => Promise<V>, signal: AbortSignal): Promise<V> {
    signal.throwIfAborted();
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value ?? orAbort(known.loading, signal);
    }
    const entry: Entry<V> = { weight, loading: load(), value: undefined };
    this.#entries.set(key, entry);
    this.#weight += weight;
    this.#evict(key);
    void this.#keep(key, entry);
    return orAbort(entry.loading, signal);
  }

  async #keep(key: string, entry: Entry<V>): Promise<void> {
    try {
      entry.value = await entry.loading;
    } catch {
      // Those who asked see the failure themselves; here it only must not be kept.
      this.#forget(key, entry);
    }
  }

  #evict(newest: string): void {
    for (const [key, entry] of this.#entries) {
      if (this.#weight <= this.#limit || key === newest) return;
      this.#forget(key, entry);
    }
  }

  #forget(key: string, entry: Entry<V>): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
