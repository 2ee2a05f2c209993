import { DiskMapError } from '../map.ts';
import { CorruptDiskError } from '../errors.ts';
import type { DiskReader, DiskStream, Extent } from '../types.ts';

/** A chunk of the manifest on its way. Without `data` and with no `parts`, it is zero. */
export interface SourceChunk {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  /** The chunk's bytes, in memory of its own (streams). */
  readonly data?: Uint8Array;
  /** Bytes of `data` that the stream gave; the rest are its gaps. */
  readonly received?: number;
  /** What is still to be read, disk offsets (readers); the rest of the chunk is zero. */
  readonly parts?: readonly Extent[];
}

function chunkAt(index: number, chunkSize: number, size: number): SourceChunk {
  const offset = index * chunkSize;
  return { index, offset, length: Math.min(chunkSize, size - offset) };
}

/**
 * Cuts a reader's map into chunks, leaving out the first `skip`. Throws `DiskMapError` if the map does not cover the disk in
 * order.
 */
export async function* readerChunks(
  reader: DiskReader,
  chunkSize: number,
  signal: AbortSignal,
  skip = 0,
): AsyncGenerator<SourceChunk> {
  const { size } = reader;
  let at = 0;
  let index = 0;
  let parts: Extent[] = [];
  for await (const { offset, length, kind } of reader.extents(signal)) {
    if (offset !== at || length <= 0 || length > size - offset)
      throw new DiskMapError(
        `the map has bytes ${offset} to ${offset + length} where byte ${at} of ${size} was to follow`,
      );
    const end = offset + length;
    while (at < end) {
      const chunk = chunkAt(index, chunkSize, size);
      const upTo = Math.min(end, chunk.offset + chunk.length);
      if (kind === 'data') parts.push({ offset: at, length: upTo - at });
      at = upTo;
      if (at === chunk.offset + chunk.length) {
        if (index >= skip) yield parts.length > 0 ? { ...chunk, parts } : chunk;
        parts = [];
        index += 1;
      }
    }
  }
  if (at !== size) throw new DiskMapError(`the map ends at byte ${at} of ${size}`);
}

/** Gathers a stream's pieces into chunks, each in fresh memory. Ends only if the stream ends well. */
export async function* streamChunks(
  stream: DiskStream,
  chunkSize: number,
  signal: AbortSignal,
): AsyncGenerator<SourceChunk> {
  const { size } = stream;
  let index = 0;
  let at = 0;
  let buffer: Uint8Array | undefined;
  let received = 0;
  const take = (): SourceChunk => {
    const chunk = chunkAt(index, chunkSize, size);
    const taken = buffer ? { ...chunk, data: buffer, received } : chunk;
    buffer = undefined;
    received = 0;
    index += 1;
    return taken;
  };
  for await (const { offset, data } of stream.chunks(signal)) {
    if (offset < at || data.length > size - offset)
      throw new CorruptDiskError(
        `the stream gives bytes ${offset} to ${offset + data.length} of a disk of ${size}`,
        at,
      );
    let done = 0;
    while (done < data.length) {
      const chunk = chunkAt(index, chunkSize, size);
      const from = offset + done - chunk.offset;
      if (from >= chunk.length) {
        yield take();
        continue;
      }
      const part = data.subarray(done, done + chunk.length - from);
      buffer ??= new Uint8Array(chunk.length);
      buffer.set(part, from);
      received += part.length;
      done += part.length;
    }
    at = offset + data.length;
  }
  for (let left = Math.ceil(size / chunkSize) - index; left > 0; left -= 1) yield take();
}
