import { CorruptDiskError } from '../errors.ts';
import { DiskMapError } from '../map.ts';
import type { DiskChunk, DiskReader, DiskStream, Extent, MappedExtent } from '../types.ts';
import type { Attempts } from './attempts.ts';
import type { MemoryShare } from './memory.ts';

/** Whole chunks that are known to be zero. */
export interface ZeroWork {
  readonly kind: 'zero';
  readonly chunks: number;
  readonly offset: number;
  readonly length: number;
}
/** A chunk that holds data somewhere. */
export interface DataWork {
  readonly kind: 'data';
  readonly offset: number;
  readonly length: number;
  /** What is still to be read (readers) or came (streams), offsets from the chunk's start; the rest is zero. */
  readonly parts: readonly Extent[];
  /** What came, in memory of the copy's share (streams). */
  readonly buffer?: Uint8Array;
}
export type Work = ZeroWork | DataWork;

/** Joins chunks of zeros that follow each other. */
class Chunks {
  readonly #chunkSize: number;
  readonly #size: number;
  #zeroFrom: number;
  /** Where the next chunk begins. */
  at: number;

  constructor(chunkSize: number, size: number, skip: number) {
    this.#chunkSize = chunkSize;
    this.#size = size;
    this.at = Math.min(size, skip * chunkSize);
    this.#zeroFrom = this.at;
  }

  /** Where the chunk that begins at `at` ends. */
  get end(): number {
    return Math.min(this.at + this.#chunkSize, this.#size);
  }

  /** Chunks up to the one that holds `offset`, which is not, are zero. */
  zerosBefore(offset: number): void {
    this.at = Math.max(this.at, offset - (offset % this.#chunkSize));
  }
  zerosToTheEnd(): void {
    this.at = this.#size;
  }

  *data(parts: readonly Extent[], buffer?: Uint8Array): Generator<Work> {
    yield* this.zeros();
    const length = this.end - this.at;
    yield { kind: 'data', offset: this.at, length, parts, ...(buffer ? { buffer } : {}) };
    this.at += length;
    this.#zeroFrom = this.at;
  }

  *zeros(): Generator<Work> {
    const length = this.at - this.#zeroFrom;
    if (length > 0) {
      const chunks = Math.ceil(length / this.#chunkSize);
      yield { kind: 'zero', chunks, offset: this.#zeroFrom, length };
    }
    this.#zeroFrom = this.at;
  }
}

/** A reader's map. Where asking for it failed for a passing reason, it is asked for again and gone on with. */
async function* mapOf(
  reader: DiskReader,
  attempts: Attempts,
  signal: AbortSignal,
): AsyncGenerator<MappedExtent> {
  let told = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      let again = attempt > 1;
      for await (const extent of reader.extents(signal)) {
        const end = extent.offset + extent.length;
        if (again && end <= told) continue;
        // It may be cut otherwise than before.
        const offset = again ? Math.max(told, extent.offset) : extent.offset;
        again = false;
        attempt = 1;
        told = end;
        yield { offset, length: end - offset, kind: extent.kind };
      }
      return;
    } catch (error) {
      await attempts.pauseAfter(error, attempt, signal);
    }
  }
}

/**
 * Cuts a reader's map into work, leaving out the first `skip` chunks.
 * @throws DiskMapError if the map does not cover the disk in order
 */
export async function* readerWork(
  reader: DiskReader,
  chunkSize: number,
  attempts: Attempts,
  signal: AbortSignal,
  skip = 0,
): AsyncGenerator<Work> {
  const { size } = reader;
  const chunks = new Chunks(chunkSize, size, skip);
  let mapped = 0;
  let parts: Extent[] = [];
  for await (const { offset, length, kind } of mapOf(reader, attempts, signal)) {
    if (offset !== mapped || length <= 0 || length > size - offset)
      throw new DiskMapError(
        `the map has bytes ${offset} to ${offset + length} where byte ${mapped} of ${size} was to follow`,
      );
    mapped = offset + length;
    if (kind === 'zero') continue;
    for (let at = Math.max(offset, chunks.at); at < mapped;) {
      if (parts.length > 0 && at >= chunks.end) {
        yield* chunks.data(parts);
        parts = [];
      }
      if (parts.length === 0) chunks.zerosBefore(at);
      const upTo = Math.min(mapped, chunks.end);
      parts.push({ offset: at - chunks.at, length: upTo - at });
      at = upTo;
    }
  }
  if (mapped !== size) throw new DiskMapError(`the map ends at byte ${mapped} of ${size}`);
  if (parts.length > 0) yield* chunks.data(parts);
  chunks.zerosToTheEnd();
  yield* chunks.zeros();
}

/**
 * Gathers a stream's pieces into chunks, in buffers of `memory`. Ends only if the stream ends well.
 * @param fail ends the copy when no piece comes for too long: a stream comes once
 * @throws CorruptDiskError if it goes back or beyond the disk
 */
export async function* streamWork(
  stream: DiskStream,
  chunkSize: number,
  memory: MemoryShare,
  attempts: Attempts,
  fail: (error: unknown) => void,
  signal: AbortSignal,
): AsyncGenerator<Work> {
  const { size } = stream;
  const chunks = new Chunks(chunkSize, size, 0);
  let streamed = 0;
  let buffer: Uint8Array | undefined;
  let parts: Extent[] = [];
  const take = function* (): Generator<Work> {
    if (buffer) yield* chunks.data(parts, buffer);
    buffer = undefined;
    parts = [];
  };
  const pieces = stream.chunks(signal)[Symbol.asyncIterator]();
  const waiting = { what: 'the source', stall: fail };
  const pull = async (): Promise<IteratorResult<DiskChunk>> => {
    attempts.begun(waiting);
    let well = false;
    try {
      const next = await pieces.next();
      well = true;
      return next;
    } finally {
      attempts.ended(waiting, well);
    }
  };
  let open = true;
  try {
    for (;;) {
      const next = await pull();
      if (next.done === true) {
        open = false;
        break;
      }
      const { offset, data } = next.value;
      if (offset < streamed || data.length > size - offset)
        throw new CorruptDiskError(
          `the stream gives bytes ${offset} to ${offset + data.length} of a disk of ${size}`,
          streamed,
        );
      streamed = offset + data.length;
      for (let at = offset; at < streamed;) {
        if (buffer && at >= chunks.end) yield* take();
        if (!buffer) {
          chunks.zerosBefore(at);
          buffer = await memory.take(chunks.end - chunks.at, signal);
        }
        const upTo = Math.min(streamed, chunks.end);
        buffer.set(data.subarray(at - offset, upTo - offset), at - chunks.at);
        parts.push({ offset: at - chunks.at, length: upTo - at });
        at = upTo;
      }
    }
  } finally {
    if (open) await pieces.return?.();
  }
  yield* take();
  chunks.zerosToTheEnd();
  yield* chunks.zeros();
}
