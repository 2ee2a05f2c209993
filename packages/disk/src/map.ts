import { assertBytes } from './bounds.ts';
import { DiskError } from './errors.ts';
import type { Extent, MappedExtent } from './types.ts';

/** A map that contradicts itself or its disk: copying by it could lose data. */
export class DiskMapError extends DiskError {
  constructor(message: string) {
    super('disk_map_invalid', message);
    this.name = 'DiskMapError';
  }
}

/**
 * Turns the data extents of a disk, ascending, into a cover of [0, size): what lies between them is zero.
 * Touching extents are joined and empty ones dropped. Throws `DiskMapError` on disorder, overlap, or data beyond the end.
 */
export async function* coverWithZeros(
  data: AsyncIterable<Extent> | Iterable<Extent>,
  size: number,
): AsyncGenerator<MappedExtent> {
  let start = 0;
  let end = 0;
  for await (const { offset, length } of data) {
    assertBytes(offset, 'offset of a map extent');
    assertBytes(length, 'length of a map extent');
    if (length === 0) continue;
    if (offset < end)
      throw new DiskMapError(`the map of the disk goes back from byte ${end} to byte ${offset}`);
    if (length > size - offset)
      throw new DiskMapError(
        `the map has data up to byte ${offset + length}, but the disk has ${size} bytes`,
      );
    if (offset > end) {
      if (end > start) yield { offset: start, length: end - start, kind: 'data' };
      yield { offset: end, length: offset - end, kind: 'zero' };
      start = offset;
    }
    end = offset + length;
  }
  if (end > start) yield { offset: start, length: end - start, kind: 'data' };
  if (size > end) yield { offset: end, length: size - end, kind: 'zero' };
}
