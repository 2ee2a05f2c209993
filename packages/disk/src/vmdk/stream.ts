import { ByteSource } from '../byte-source.ts';
import { DiskSizeError, DiskUsageError } from '../errors.ts';
import { mapOrdered } from '../ordered.ts';
import type { DiskChunk, DiskStream } from '../types.ts';
import { parseStreamHeader, SECTOR } from './header.ts';
import { inflateGrain } from './inflate.ts';
import { readGrains } from './markers.ts';

export interface StreamVmdkOptions {
  /** Size in bytes that the inventory gives for the disk; another size in the stream is an error. */
  readonly expectedSize?: number;
  /** Aborts the reading of the header. */
  readonly signal?: AbortSignal;
  /** Grains that are inflated at once, in libuv's thread pool. Default 16. */
  readonly inFlight?: number;
}

/**
 * Opens a streamOptimized VMDK as it arrives (an HttpNfcLease download, a file of an OVA): reads the header
 * at once, the rest as `chunks` is pulled. The consumer must not call the copy done before `chunks` has ended:
 * only then is the stream proven whole.
 * Throws `CorruptDiskError`, `UnsupportedDiskError`, or `DiskSizeError`; on error the source is closed.
 */
export async function openStreamVmdk(
  source: AsyncIterable<Uint8Array>,
  options: StreamVmdkOptions = {},
): Promise<DiskStream> {
  const bytes = new ByteSource(source);
  try {
    const header = parseStreamHeader(await bytes.take(SECTOR, 'the header', options.signal), 0);
    const size = header.capacity * SECTOR;
    if (options.expectedSize !== undefined && options.expectedSize !== size)
      throw new DiskSizeError(
        `the stream holds a disk of ${size} bytes, but ${options.expectedSize} were expected`,
      );
    const grainBytes = header.grainSectors * SECTOR;
    let started = false;
    return {
      kind: 'stream',
      size,
      capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
      async *chunks(signal): AsyncGenerator<DiskChunk> {
        if (started) throw new DiskUsageError('a stream can be read only once');
        started = true;
        try {
          yield* mapOrdered(readGrains(bytes, header, signal), options.inFlight ?? 16, async (grain) => {
            const offset = grain.lba * SECTOR;
            const needed = Math.min(grainBytes, size - offset);
            return { offset, data: await inflateGrain(grain.bytes, grainBytes, needed, grain.position) };
          });
        } finally {
          await bytes.close();
        }
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
