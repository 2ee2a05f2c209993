import { inflate } from 'node:zlib';
import { CorruptDiskError } from '../errors.ts';

/**
 * Inflates one grain in libuv's thread pool, never to more than `grainBytes`. `needed` is how much of it lies
 * inside the disk: fewer bytes are an error, more (only at the disk's end) are dropped.
 */
export function inflateGrain(
  compressed: Uint8Array,
  grainBytes: number,
  needed: number,
  position: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = { chunkSize: Math.max(64, grainBytes), maxOutputLength: grainBytes };
    inflate(compressed, options, (error, data) => {
      if (error)
        reject(
          new CorruptDiskError(`a grain does not inflate (${error.message})`, position, { cause: error }),
        );
      else if (data.length < needed)
        reject(
          new CorruptDiskError(`a grain inflates to ${data.length} bytes instead of ${needed}`, position),
        );
      else resolve(data.subarray(0, needed));
    });
  });
}
