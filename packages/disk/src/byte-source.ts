import { orAbort } from './abort.ts';
import { CorruptDiskError } from './errors.ts';

const NOTHING = new Uint8Array(0);

/**
 * Reads exact byte counts from a source that comes in pieces of any size, pulling the next piece only when
 * it is needed. `position` counts the bytes taken. A piece is not touched any more once the next one is pulled, so
 * the source may use its memory again; what was taken may share that memory and is good until more is taken.
 */
export class ByteSource {
  position = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What comes next, and what comes behind it in the last piece. */
  #rest: Uint8Array = NOTHING;
  #behind: Uint8Array = NOTHING;
  /** Of what spans pieces: fresh memory for each would cost more than the copying. */
  #joined: Uint8Array = NOTHING;
  #ended = false;
  #pending = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; throws if the source ends first. */
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

  /** Like `takeUpTo`, but the bytes are still to be taken. */
  async peekUpTo(length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#rest.length < length) await this.#gather(length, signal);
    return this.#rest.subarray(0, length);
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
    this.#rest = NOTHING;
    this.#behind = NOTHING;
    if (this.#ended) return;
    this.#ended = true;
    const returned = this.#iterator.return?.();
    // An abandoned read holds back the source's `return`; how it ends tells nobody anything: the abort was reported.
    if (this.#pending) returned?.catch(() => undefined);
    else await returned;
  }

  /** Has `rest` hold `length` bytes, or all that come before the end. Copies only what spans pieces. */
  async #gather(length: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#rest.length === 0) {
      this.#rest = this.#behind;
      this.#behind = NOTHING;
    }
    while (this.#rest.length === 0 && !this.#ended) this.#rest = await this.#next(signal);
    if (this.#rest.length >= length || (this.#ended && this.#behind.length === 0)) return;
    // What comes next may lie in it already.
    const all = this.#joined.length < length ? new Uint8Array(length) : this.#joined;
    this.#joined = all;
    all.set(this.#rest);
    let have = this.#rest.length;
    for (let piece = this.#behind; ; piece = await this.#next(signal)) {
      const part = piece.subarray(0, length - have);
      all.set(part, have);
      have += part.length;
      this.#rest = all.subarray(0, have);
      this.#behind = piece.subarray(part.length);
      if (have === length || this.#ended) return;
    }
  }

  /** The next piece, an empty one at the end. */
  async #next(signal: AbortSignal | undefined): Promise<Uint8Array> {
    signal?.throwIfAborted();
    this.#pending = true;
    const next = this.#iterator.next().finally(() => {
      this.#pending = false;
    });
    const { done, value } = await (signal ? orAbort(next, signal) : next);
    if (done !== true) return value;
    this.#ended = true;
    return NOTHING;
  }
}
