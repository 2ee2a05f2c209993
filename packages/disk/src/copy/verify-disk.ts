import { DiskSizeError, DiskUsageError } from '../errors.ts';
import type {
  ChunkManifest,
  DiskReader,
  DiskStream,
  Extent,
  MappedExtent,
  VerifyProgress,
  VerifyResult,
} from '../types.ts';
import { readChunk } from './chunk-reader.ts';
import { dataRuns } from './content.ts';
import { chunkDigest } from './digest.ts';
import { type ChunkExpectation, expectations } from './expectations.ts';
import { runLanes, WINDOW } from './lanes.ts';
import { inSession, type Session, type SessionOptions } from './session.ts';
import { type DataWork, readerWork, streamWork, type Work } from './source-work.ts';
import { touches } from './touches.ts';

export interface VerifyJob extends SessionOptions {
  readonly manifest: ChunkManifest;
  /** The destination itself, or the source once more. All of it is read, but for what its own map calls zero. */
  readonly reader: DiskReader | DiskStream;
  /** Share of the chunks to look at, more than 0, at most 1; the first and the last always. Default 1: all. */
  readonly sample?: number | undefined;
  /** Looks at the chunks that these touch and at no others. Default all. */
  readonly only?: readonly Extent[] | undefined;
  /** Called in the order of the chunks. What it throws ends the verification. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

interface Check {
  readonly work: Work;
  readonly expected: ChunkExpectation;
  readonly looked: boolean;
  readonly mismatches: Extent[];
}

/**
 * Reads a disk and compares it with the manifest of its copy. A difference is a result, not an error.
 * Throws `DiskSizeError` if the disk is smaller than the manifest, `DiskUsageError` if the manifest is not whole, and
 * what the reader throws.
 */
export async function verifyDisk(job: VerifyJob): Promise<VerifyResult> {
  const { manifest, reader, sample = 1 } = job;
  const { size } = manifest;
  if (!(sample > 0 && sample <= 1))
    throw new DiskUsageError(`a sample is a share of the chunks above 0 and at most 1, not ${sample}`);
  if (reader.size < size)
    throw new DiskSizeError(`the disk to verify has ${reader.size} bytes, fewer than the manifest's ${size}`);
  const expect = expectations(manifest);
  return inSession(job, reader.capabilities.requestsAtOnce, (session) => verifyIn(session, job, expect));
}

async function verifyIn(
  session: Session,
  { manifest, reader, sample = 1, only, onProgress }: VerifyJob,
  expect: ReturnType<typeof expectations>,
): Promise<VerifyResult> {
  const { size, chunkSize, key } = manifest;
  const { signal, fail, memory, attempts, depth, threads } = session;
  const digest = chunkDigest(key);
  const file = reader.kind === 'reader' ? reader.file : undefined;
  const chunks = Math.ceil(size / chunkSize);
  const wanted = only && touches(only);

  async function* checks(): AsyncGenerator<Check> {
    const all =
      reader.kind === 'reader'
        ? readerWork(firstBytes(reader, size), chunkSize, attempts, signal)
        : streamWork(reader, chunkSize, memory, attempts, fail, signal);
    for await (const work of all) {
      const first = work.offset / chunkSize;
      const expected = expect(first, Math.ceil(work.length / chunkSize));
      const inSample = work.kind === 'zero' || isSampled(first, chunks, sample);
      yield { work, expected, looked: inSample && wanted?.(work) !== false, mismatches: [] };
    }
  }
  /** Null: the chunk is zero. */
  const digestOf = async (work: DataWork): Promise<Uint8Array | null> => {
    if (threads && file) {
      const { offset, length, parts } = work;
      const job = { length, parts, key, from: { fd: file.fd, offset, alignment: file.alignment } };
      const done = await attempts.retried('the disk to verify', signal, (inner) =>
        file.during(() => threads.run(job, inner)),
      );
      return done.digest;
    }
    const taken = work.buffer ?? (await memory.take(work.length, signal));
    const buffer =
      reader.kind === 'reader' ? await readChunk(session, reader, 'the disk to verify', work, taken) : taken;
    const runs = dataRuns(buffer, work.parts);
    const found = runs.length > 0 ? digest(runs) : null;
    memory.give(buffer, true);
    return found;
  };
  const isSame = async (work: DataWork, tag: Buffer | null): Promise<boolean> => {
    const found = await digestOf(work);
    depth.completed(work.length);
    return found && tag ? tag.equals(found) : found === tag;
  };
  const mismatches: Extent[] = [];
  let bytesDone = 0;
  let bytesChecked = 0;
  await runLanes(checks(), {
    depth: () => depth.depth,
    window: WINDOW,
    signal,
    fail,
    work: async ({ work, expected, looked, mismatches: found }) => {
      if (work.kind === 'data') {
        if (looked) {
          if (!(await isSame(work, expected[0]?.tag ?? null))) found.push(work);
        } else if (work.buffer) memory.give(work.buffer, true);
        return;
      }
      // The disk itself says that it is zero here, and the source was not.
      for (const { index } of looked ? expected : []) {
        const offset = index * chunkSize;
        const chunk = { offset, length: Math.min(chunkSize, size - offset) };
        if (wanted?.(chunk) !== false) found.push(chunk);
      }
    },
    passed: ({ work, looked, mismatches: found }) => {
      for (const { offset, length } of found) addMismatch(mismatches, { offset, length });
      bytesDone += work.length;
      if (looked) bytesChecked += work.length;
      onProgress?.({ bytesDone, bytesTotal: size });
    },
  });
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
  return {
    kind: 'reader',
    size,
    capabilities: reader.capabilities,
    extents,
    read: (...range) => reader.read(...range),
    close: () => reader.close(),
    ...(reader.file ? { file: reader.file } : {}),
  };
}

function addMismatch(mismatches: Extent[], { offset, length }: Extent): void {
  const last = mismatches.at(-1);
  if (last && last.offset + last.length === offset)
    mismatches[mismatches.length - 1] = { offset: last.offset, length: last.length + length };
  else mismatches.push({ offset, length });
}
