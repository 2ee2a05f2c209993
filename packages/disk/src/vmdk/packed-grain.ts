import { CorruptDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from '../file/image-file.ts';
import { maxCompressedGrain } from './header.ts';
import { inflateGrain } from './inflate.ts';

export interface PackedGrain {
  readonly file: ImageFile;
  /** Where its marker lies. */
  readonly position: number;
  /** Its place on the disk, which its marker must repeat. */
  readonly sector: number;
  readonly grainBytes: number;
  /** Bytes of it that lie inside the disk. */
  readonly needed: number;
}

const MARKER_HEAD = 12;
/** Most compressed grains of 64 KiB come whole with the first request. */
const FIRST_READ = 64 * 1024;

/**
 * Reads and inflates one grain of a streamOptimized file: marker (sector on the disk, 8 bytes; size, 4 bytes), then
 * deflated data. Throws `CorruptDiskError`.
 */
export async function readPackedGrain(grain: PackedGrain, signal: AbortSignal): Promise<Uint8Array> {
  const { file, position, grainBytes, needed } = grain;
  const limit = maxCompressedGrain(grainBytes);
  const first = await readBytes(
    file,
    position,
    Math.min(MARKER_HEAD + limit, FIRST_READ, file.size - position),
    signal,
  );
  if (first.length < MARKER_HEAD) throw new CorruptDiskError(`${file.name} ends inside a marker`, position);
  const view = new DataView(first.buffer, first.byteOffset, first.length);
  const sector = view.getBigUint64(0, true);
  const size = view.getUint32(8, true);
  if (sector !== BigInt(grain.sector) || size === 0)
    throw new CorruptDiskError(
      `where the tables of ${file.name} name the grain of sector ${grain.sector} there is another or none`,
      position,
    );
  if (size > limit)
    throw new CorruptDiskError(
      `a compressed grain of ${size} bytes, more than deflate can make of one`,
      position,
    );
  const compressed =
    MARKER_HEAD + size <= first.length
      ? first.subarray(MARKER_HEAD, MARKER_HEAD + size)
      : await readBytes(file, position + MARKER_HEAD, size, signal);
  return inflateGrain(compressed, grainBytes, needed, position);
}
