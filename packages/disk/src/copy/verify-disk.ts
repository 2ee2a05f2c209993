import { setMaxListeners } from 'node:events';
import { DiskSizeError, DiskUsageError } from '../errors.ts';
import type {
  ChunkManifest,
  DiskReader,
  Extent,
  MappedExtent,
  VerifyProgress,
  VerifyResult,
} from '../types.ts';
import { Attempts, DEFAULT_RETRY, type Retry, type RetryPolicy } from './attempts.ts';
import { readChunk } from './chunk-reader.ts';
import { systemClock, type CopyClock } from './clock.ts';
import { type CopyBudget, DEFAULT_MEMORY } from './copy-job.ts';
import { AdaptiveDepth, type DepthBounds } from './depth.ts';
import { dataRuns } from './content.ts';
import { chunkDigest } from './digest.ts';
import { type ChunkExpectation, expectations } from './expectations.ts';
import { Gate } from './gate.ts';
import { runLanes } from './lanes.ts';
import { CopyMemory } from './memory.ts';
import { type DataWork, readerWork, type Work } from './source-work.ts';

export interface VerifyJob {
  readonly manifest: ChunkManifest;
  /** The destination itself. All of it is read, but for what its own map calls zero. */
  readonly reader: DiskReader;
  /** Share of the chunks to look at, more than 0, at most 1; the first and the last always. Default 1: all. */
  readonly sample?: number | undefined;
  readonly budget?: CopyBudget;
  readonly depth?: DepthBounds;
  readonly retry?: Partial<RetryPolicy>;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  readonly clock?: CopyClock;
}

const WINDOW = 256;

interface Check {
  readonly work: Work;
  readonly expected: ChunkExpectation;
  readonly sampled: boolean;
  readonly mismatches: Extent[];
}

/**
 * Reads a disk and compares it with the manifest of its copy. A difference is a result, not an error.
 * Throws `DiskSizeError` if the disk is smaller than the manifest, `DiskUsageError` if the manifest is not whole.
 */
export async function verifyDisk(job: VerifyJob): Promise<VerifyResult> {
  const { manifest, reader, sample = 1, clock = systemClock } = job;
  const { size, chunkSize, key } = manifest;
  if (!(sample > 0 && sample <= 1))
    throw new DiskUsageError(`a sample is a share of the chunks above 0 and at most 1, not ${sample}`);
  if (reader.size < size)
    throw new DiskSizeError(`the disk to verify has ${reader.size} bytes, fewer than the manifest's ${size}`);
  const expect = expectations(manifest);
  const digest = chunkDigest(key);
  const chunks = Math.ceil(size / chunkSize);
  job.signal.throwIfAborted();

  const failure = new AbortController();
  const fail = (error: unknown): void => failure.abort(error);
  const signal = AbortSignal.any([job.signal, failure.signal]);
  setMaxListeners(0, signal);
  const memory = (job.budget?.memory ?? new CopyMemory(DEFAULT_MEMORY)).open();
  const attempts = new Attempts(clock, { ...DEFAULT_RETRY, ...job.retry }, job.onRetry);
  const depth = new AdaptiveDepth(clock, job.depth);
  const gate = new Gate(() => depth.depth);
  const source = { reader, memory, attempts, gate, what: 'the destination' };

  async function* checks(): AsyncGenerator<Check> {
    for await (const work of readerWork(firstBytes(reader, size), chunkSize, signal)) {
      const first = work.offset / chunkSize;
      const expected = expect(first, Math.ceil(work.length / chunkSize));
      const sampled = work.kind === 'zero' || isSampled(first, chunks, sample);
      yield { work, expected, sampled, mismatches: [] };
    }
  }
  const sameChunk = async (work: DataWork, tag: Buffer | null): Promise<boolean> => {
    const taken = await memory.take(work.length, signal);
    const buffer = await readChunk(source, work, taken, signal);
    const runs = dataRuns(buffer, work.parts);
    const same = tag ? runs.length > 0 && digest(runs).equals(tag) : runs.length === 0;
    memory.give(buffer, true);
    depth.completed(work.length);
    return same;
  };
  const mismatches: Extent[] = [];
  let bytesDone = 0;
  let bytesChecked = 0;
  const lanes = {
    depth: () => depth.depth,
    window: WINDOW,
    signal,
    fail,
    work: async ({ work, expected, sampled, mismatches: found }: Check) => {
      if (!sampled) return;
      if (work.kind === 'data') {
        if (!(await sameChunk(work, expected[0]?.tag ?? null))) found.push(work);
        return;
      }
      // The disk itself says that it is zero here, and the source was not.
      for (const { index } of expected) {
        const offset = index * chunkSize;
        found.push({ offset, length: Math.min(chunkSize, size - offset) });
      }
    },
    passed: ({ work, sampled, mismatches: found }: Check) => {
      for (const { offset, length } of found) addMismatch(mismatches, { offset, length });
      bytesDone += work.length;
      if (sampled) bytesChecked += work.length;
      job.onProgress?.({ bytesDone, bytesTotal: size });
    },
  };
  const watching = attempts.watch(signal);
  try {
    await runLanes(checks(), lanes);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    fail(new DiskUsageError('the verification has ended'));
    await watching;
    memory.close();
  }
  return { mismatches, bytesChecked };
}

/** Spread evenly and always the same, so that two samples of one disk can be compared. */
function isSampled(chunk: number, chunks: number, share: number): boolean {
  if (share >= 1 || chunk === 0 || chunk === chunks - 1) return true;
  // Knuth's multiplicative hash: neighbours are far apart.
  return (Math.imul(chunk, 2654435761) >>> 0) / 2 ** 32 < share;
}

/** What lies behind the disk on a longer device is not looked at. */
function firstBytes(reader: DiskReader, size: number): DiskReader {
  if (reader.size === size) return reader;
  async function* extents(signal: AbortSignal): AsyncGenerator<MappedExtent> {
    for await (const { offset, length, kind } of reader.extents(signal)) {
      if (offset >= size) return;
      yield { offset, length: Math.min(length, size - offset), kind };
    }
  }
  return { ...reader, size, extents, read: (...range) => reader.read(...range) };
}

function addMismatch(mismatches: Extent[], { offset, length }: Extent): void {
  const last = mismatches.at(-1);
  if (last && last.offset + last.length === offset)
    mismatches[mismatches.length - 1] = { offset: last.offset, length: last.length + length };
  else mismatches.push({ offset, length });
}
