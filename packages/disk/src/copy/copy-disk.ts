import { setMaxListeners } from 'node:events';
import { DiskSizeError, DiskUsageError } from '../errors.ts';
import { mapOrdered } from '../ordered.ts';
import type { CopyProgress, CopyResult, DiskReader, DiskStream, DiskWriter } from '../types.ts';
import { chunkDigest, zeroDigests } from './digest.ts';
import { pacer, systemClock, type CopyClock } from './pacer.ts';
import { readerChunks, streamChunks, type SourceChunk } from './source-chunks.ts';
import { zeroRuns, ZERO_BLOCK } from './zeros.ts';

export interface CopyCheckpoint {
  /** Bytes from the start of the disk that have been flushed on the target. */
  readonly bytesDone: number;
  readonly chunkSize: number;
  /** Index of the first chunk of `digests`. */
  readonly firstChunk: number;
  /** Digests of the chunks since the checkpoint before. */
  readonly digests: readonly string[];
}

/** What an earlier copy left flushed on the target: as many whole chunks from the start as there are digests. */
export interface CopyResumption {
  readonly chunkSize: number;
  readonly digests: readonly string[];
}

export interface CopyJob {
  readonly source: DiskReader | DiskStream;
  readonly target: DiskWriter;
  /** Bytes per digest, read and write; a multiple of 64 KiB. Default 4 MiB. */
  readonly chunkSize?: number;
  /** Chunks held at once: memory is at most about `(inFlight + 1) * chunkSize`. Default 4. */
  readonly inFlight?: number;
  /** Upper bound on the bytes read from the source per second. Default none. */
  readonly bytesPerSecond?: number;
  readonly signal: AbortSignal;
  /** When aborted, the copy ends at the next chunk: after a flush and a checkpoint it throws the reason. */
  readonly pause?: AbortSignal;
  /** Called after every chunk, in order. What it throws ends the copy. */
  readonly onProgress?: (progress: CopyProgress) => void;
  /**
   * Goes on behind these chunks; they are neither read nor written again, and their digests become the manifest's.
   * Its chunk size wins. Only for random access on both sides.
   */
  readonly resume?: CopyResumption;
  /** Called after a flush of the target every `checkpointBytes`. */
  readonly onCheckpoint?: (checkpoint: CopyCheckpoint) => void | Promise<void>;
  /** Bytes of the disk between checkpoints. Default 1 GiB. */
  readonly checkpointBytes?: number;
  readonly clock?: CopyClock;
}

const DEFAULT_CHUNK = 4 * 1024 * 1024;
const DEFAULT_CHECKPOINT = 1024 * 1024 * 1024;

interface DigestedChunk extends SourceChunk {
  readonly digest: string;
  readonly bytesRead: number;
  /** Written so far: all of the chunk's data on a random-access target, 0 where writes await their turn. */
  readonly bytesWritten: number;
}

/**
 * Copies a disk and digests it on the way. Each chunk is digested from the memory it is written from. Zeros are
 * skipped only on a target that reads as zero; what the target has beyond the source's end becomes zero too.
 * Resolves after the target's `flush`; on failure or abort, after everything it started has settled. Closes
 * neither source nor target.
 *
 * Throws `DiskSizeError` if the target is smaller than the source, `DiskMapError` or `CorruptDiskError` if the
 * source contradicts itself, the signal's reason on abort, and what source, target or callbacks throw.
 */
export async function copyDisk(job: CopyJob): Promise<CopyResult> {
  const {
    source,
    target,
    resume,
    chunkSize = resume?.chunkSize ?? DEFAULT_CHUNK,
    inFlight = 4,
    checkpointBytes = DEFAULT_CHECKPOINT,
  } = job;
  if (!Number.isSafeInteger(chunkSize) || chunkSize <= 0 || chunkSize % ZERO_BLOCK !== 0)
    throw new DiskUsageError(`chunkSize must be a multiple of ${ZERO_BLOCK} bytes, not ${chunkSize}`);
  if (!Number.isSafeInteger(inFlight) || inFlight < 1)
    throw new DiskUsageError('inFlight must be at least 1');
  if (target.size < source.size)
    throw new DiskSizeError(`the target has ${target.size} bytes, fewer than the source's ${source.size}`);
  const resumed = resume?.digests ?? [];
  const resumedBytes = Math.min(resumed.length * chunkSize, source.size);
  if (resumed.length > 0 && (source.kind !== 'reader' || !target.capabilities.randomAccess))
    throw new DiskUsageError('only a copy with random access on both sides can be resumed');
  if (resumed.length > Math.ceil(source.size / chunkSize))
    throw new DiskUsageError(`there are ${resumed.length} chunks to resume behind, more than the disk has`);
  job.signal.throwIfAborted();

  const failure = new AbortController();
  const signal = AbortSignal.any([job.signal, failure.signal]);
  const pace = pacer(job.bytesPerSecond, job.clock ?? systemClock);
  const zeroDigest = zeroDigests();
  setMaxListeners(0, signal);
  const inOrder = !target.capabilities.randomAccess;
  // Asked once: a target that has been written to in an earlier attempt no longer reads as zero.
  const skipZeros = target.capabilities.readsAsZero;

  /** Runs a part of the copy; if it fails, stops all others at once rather than when their turn comes. */
  const guarded = async <T>(part: () => Promise<T>): Promise<T> => {
    try {
      return await part();
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  };
  const work = (chunk: SourceChunk): Promise<DigestedChunk> =>
    guarded(async () => {
      const { data, bytesRead } = await load(chunk, source, pace, signal);
      const digest = data ? chunkDigest(data) : zeroDigest(chunk.length);
      const bytesWritten = inOrder ? 0 : await store(chunk, data, target, skipZeros, signal);
      return { ...chunk, ...(inOrder && data ? { data } : {}), digest, bytesRead, bytesWritten };
    });

  const digests: string[] = [...resumed];
  let noted = digests.length;
  let bytesDone = resumedBytes;
  let bytesRead = 0;
  let bytesWritten = 0;
  let checkpointAt = bytesDone + checkpointBytes;
  try {
    const chunks =
      source.kind === 'reader'
        ? readerChunks(source, chunkSize, signal, resumed.length)
        : streamChunks(source, chunkSize, signal);
    for await (const chunk of mapOrdered(chunks, inFlight, work))
      await guarded(async () => {
        bytesRead += chunk.bytesRead;
        bytesWritten += inOrder
          ? await store(chunk, chunk.data, target, skipZeros, signal)
          : chunk.bytesWritten;
        digests.push(chunk.digest);
        bytesDone += chunk.length;
        job.onProgress?.({ bytesDone, bytesTotal: source.size, bytesRead, bytesWritten });
        const paused = job.pause?.aborted === true && bytesDone < source.size;
        if (job.onCheckpoint && !inOrder && (bytesDone >= checkpointAt || paused)) {
          checkpointAt = bytesDone + checkpointBytes;
          await target.flush(signal);
          await job.onCheckpoint({ bytesDone, chunkSize, firstChunk: noted, digests: digests.slice(noted) });
          noted = digests.length;
        }
        if (paused) job.pause?.throwIfAborted();
      });
    if (bytesDone !== source.size)
      throw new DiskSizeError(`the source gave ${bytesDone} of its ${source.size} bytes`);
    if (target.size > source.size && !skipZeros)
      await target.zero(source.size, target.size - source.size, signal);
    await target.flush(signal);
  } catch (error) {
    // The first cause, not the aborts it led to.
    throw signal.aborted ? signal.reason : error;
  } finally {
    failure.abort();
  }
  return {
    manifest: { size: source.size, chunkSize, algorithm: 'sha256', digests },
    bytesRead,
    bytesWritten,
    bytesZero: source.size - resumedBytes - bytesWritten,
  };
}

type Pace = ReturnType<typeof pacer>;

/** The chunk's bytes, or no data if it is known to be zero. */
async function load(
  chunk: SourceChunk,
  source: DiskReader | DiskStream,
  pace: Pace,
  signal: AbortSignal,
): Promise<{ data?: Uint8Array; bytesRead: number }> {
  if (chunk.data) {
    const bytesRead = chunk.received ?? chunk.length;
    await pace(bytesRead, signal);
    return { data: chunk.data, bytesRead };
  }
  if (!chunk.parts || source.kind !== 'reader') return { bytesRead: 0 };
  const data = new Uint8Array(chunk.length);
  let bytesRead = 0;
  for (const part of chunk.parts) {
    await pace(part.length, signal);
    const from = part.offset - chunk.offset;
    await source.read(part.offset, data.subarray(from, from + part.length), signal);
    bytesRead += part.length;
  }
  return { data, bytesRead };
}

/** Writes the chunk's data and zeros to the target; answers how many bytes it wrote as data. */
async function store(
  chunk: SourceChunk,
  data: Uint8Array | undefined,
  target: DiskWriter,
  skipZeros: boolean,
  signal: AbortSignal,
): Promise<number> {
  const runs = data ? zeroRuns(data) : [{ offset: 0, length: chunk.length, kind: 'zero' as const }];
  let written = 0;
  for (const { offset, length, kind } of runs) {
    if (kind === 'data' && data) {
      await target.write(chunk.offset + offset, data.subarray(offset, offset + length), signal);
      written += length;
    } else if (!skipZeros) await target.zero(chunk.offset + offset, length, signal);
  }
  return written;
}
