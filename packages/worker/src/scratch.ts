import { type Clock, type Log, messageOf } from '@guts/core';

/** Free local space for conversions; bytes. Rejects when it cannot be told. */
export type FreeSpace = () => Promise<number>;

/** A folder on a share whose server is gone answers never; heartbeats go on without it. */
const PATIENCE_MS = 1000;

/** Tells a worker's local space with its heartbeats. */
export class Scratch {
  readonly #free: FreeSpace;
  readonly #clock: Clock;
  readonly #log: Log;
  #asking: Promise<number> | null = null;
  #told = true;

  constructor(free: FreeSpace, parts: { readonly clock: Clock; readonly log: Log }) {
    this.#free = free;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Bytes; null: not known at this moment. Never rejects; why it is not known is logged once. */
  async measure(): Promise<number | null> {
    const done = new AbortController();
    try {
      // One question at a time: one that is never answered holds a thread.
      this.#asking ??= this.#free().finally(() => {
        this.#asking = null;
      });
      const late = this.#clock.sleep(PATIENCE_MS, done.signal).then((): never => {
        throw new Error(`no answer within ${PATIENCE_MS / 1000} s`);
      });
      late.catch(() => undefined); // aborted, once the answer has come
      const bytes = await Promise.race([this.#asking, late]);
      this.#told = true;
      return bytes;
    } catch (error) {
      if (this.#told)
        this.#log.warn({ err: error }, `the free space of scratch_dir is not known: ${messageOf(error)}`);
      this.#told = false;
      return null;
    } finally {
      done.abort();
    }
  }
}
