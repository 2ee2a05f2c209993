import { ByteSource } from '../byte-source.ts';
import { DiskSizeError, DiskUsageError } from '../errors.ts';
import { mapOrdered } from '../ordered.ts';
import { InflateThreads } from '../threads/inflate-threads.ts';
import type { DiskChunk, DiskStream } from '../types.ts';
import { batched, GrainBatch } from './grain-batches.ts';
import { parseStreamHeader, SECTOR } from './header.ts';
import { readGrains } from './markers.ts';

export interface StreamVmdkOptions {
  /** Size in bytes that the inventory gives for the disk; another size in the stream is an error. */
  readonly expectedSize?: number;
  /** Aborts the reading of the header. */
  readonly signal?: AbortSignal;
  /** Shared with other streams, and not closed. Default some of its own. */
  readonly threads?: InflateThreads;
  /** Bytes that are inflated by one request to a thread, and given at once. Default 1 MiB. */
  readonly batchBytes?: number;
  /** Batches that are inflated at once. Default 4, fewer where grains are large. */
  readonly inFlight?: number;
}

const BATCH = 1024 * 1024;
/** Bytes that all batches which are inflated at once may inflate to, if that is more than one. */
const MOST_IN_FLIGHT = 16 * 1024 * 1024;

/**
 * Opens a streamOptimized VMDK as it arrives (an HttpNfcLease download, a file of an OVA): reads the header
 * at once, the rest as `chunks` is pulled. The consumer must not call the copy done before `chunks` has ended:
 * only then is the stream proven whole. The source may use a piece's memory again once the next one is asked for.
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
    const batchBytes = options.batchBytes ?? BATCH;
    const most = Math.floor(MOST_IN_FLIGHT / Math.max(grainBytes, batchBytes));
    const inFlight = options.inFlight ?? Math.max(1, Math.min(4, most));
    let started = false;
    return {
      kind: 'stream',
      size,
      capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
      async *chunks(signal): AsyncGenerator<DiskChunk> {
        if (started) throw new DiskUsageError('a stream can be read only once');
        started = true;
        const threads = options.threads ?? new InflateThreads();
        const free: GrainBatch[] = [];
        const empty = (): GrainBatch => free.pop() ?? new GrainBatch({ size, grainBytes, batchBytes });
        const inflated = async (batch: GrainBatch): Promise<GrainBatch> => {
          await batch.inflate(threads);
          return batch;
        };
        try {
          const batches = batched(readGrains(bytes, header, signal), empty);
          for await (const batch of mapOrdered(batches, inFlight, inflated)) {
            yield* batch.chunks();
            batch.clear();
            free.push(batch);
          }
        } finally {
          await bytes.close();
          if (threads !== options.threads) await threads.close();
        }
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
