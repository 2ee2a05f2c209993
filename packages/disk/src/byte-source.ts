import { orAbort } from './abort.ts';
import { CorruptDiskError } from './errors.ts';

/**
 * Reads exact byte counts from a source that comes in pieces of any size, pulling the next piece only when
 * it is needed. `position` counts the bytes taken.
 */
export class ByteSource {
  position = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #pending = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, in memory that may be shared with the source's piece; throws if the source ends first. */
  async take(length: number, what: string, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.takeUpTo(length, signal);
    if (bytes.length < length)
      throw new CorruptDiskError(
        `the stream ends inside ${what}, ${length - bytes.length} bytes too early`,
        this.position,
      );
    return bytes;
  }

  /** Like `take`, but gives fewer bytes (perhaps none) where the source ends. */
  async takeUpTo(length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#rest.length < length) await this.#gather(length, signal);
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(bytes.length);
    this.position += bytes.length;
    return bytes;
  }

  /** Passes over the rest of the source; answers whether all of it was zero. */
  async restIsZero(signal?: AbortSignal): Promise<boolean> {
    for (;;) {
      const bytes = await this.takeUpTo(64 * 1024, signal);
      if (bytes.length === 0) return true;
      if (bytes.some((byte) => byte !== 0)) return false;
    }
  }

  /** Tells the source that no more is wanted. Does not wait for a read that an abort has abandoned. */
  async close(): Promise<void> {
    this.#rest = new Uint8Array(0);
    if (this.#ended) return;
    this.#ended = true;
    const returned = this.#iterator.return?.();
    // An abandoned read holds back the source's `return`; how it ends tells nobody anything: the abort was reported.
    if (this.#pending) returned?.catch(() => undefined);
    else await returned;
  }

  async #gather(length: number, signal: AbortSignal | undefined): Promise<void> {
    const parts = [this.#rest];
    let have = this.#rest.length;
    while (have < length && !this.#ended) {
      const next = await this.#next(signal);
      if (next.done === true) this.#ended = true;
      else {
        parts.push(next.value);
        have += next.value.length;
      }
    }
    this.#rest = parts.length === 1 ? this.#rest : joined(parts, have);
  }

  async #next(signal: AbortSignal | undefined): Promise<IteratorResult<Uint8Array>> {
    signal?.throwIfAborted();
    this.#pending = true;
    const next = this.#iterator.next().finally(() => {
      this.#pending = false;
    });
    if (!signal) return next;
    return orAbort(next, signal);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
