import { DiskSizeError, DiskUsageError } from '../errors.ts';
import type {
  ChunkManifest,
  DigestPiece,
  DiskReader,
  DiskStream,
  DiskWriter,
  Extent,
  VerifyProgress,
} from '../types.ts';
import { ChunkCopier } from './chunk-copier.ts';
import { withDigests } from './digest-log.ts';
import { type ChunkExpectation, expectations } from './expectations.ts';
import { runLanes, WINDOW } from './lanes.ts';
import { inSession, type Session, type SessionOptions } from './session.ts';
import { readerWork, streamWork, type Work } from './source-work.ts';
import { touches } from './touches.ts';

export interface RepairJob extends SessionOptions {
  readonly source: DiskReader | DiskStream;
  /** Where the disk was copied; random access. */
  readonly target: DiskWriter;
  readonly manifest: ChunkManifest;
  /** The chunks that these touch are copied again. */
  readonly extents: readonly Extent[];
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

export interface RepairResult {
  /** The pieces of the manifest that are other ones now, for the source gave other bytes than when it was copied. */
  readonly changed: readonly DigestPiece[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

interface Passage {
  readonly work: Work;
  readonly expected: ChunkExpectation;
}

/**
 * Copies some chunks of a disk again, to where it was copied. A stream is read to its end, for that alone proves it
 * whole. Resolves after the target's `flush`.
 * Throws `DiskSizeError` and `DiskUsageError` for what does not fit together, and what source and target throw.
 */
export async function repairDisk(job: RepairJob): Promise<RepairResult> {
  const { source, target, manifest } = job;
  if (source.size !== manifest.size || target.size < manifest.size)
    throw new DiskSizeError(
      `the manifest is of ${manifest.size} bytes; the source has ${source.size}, the target ${target.size}`,
    );
  if (!target.capabilities.randomAccess)
    throw new DiskUsageError('only a target with random access can be repaired');
  const expect = expectations(manifest);
  return inSession(job, source.capabilities.requestsAtOnce, (session) => repairIn(session, job, expect));
}

async function repairIn(
  session: Session,
  { source, target, manifest, extents, onProgress }: RepairJob,
  expect: ReturnType<typeof expectations>,
): Promise<RepairResult> {
  const { signal, fail, memory, attempts, depth } = session;
  const { chunkSize, key, pieces, size } = manifest;
  const chunks = new ChunkCopier(session, { source, target, key, skipZeros: false });
  const wanted = touches(extents);
  const changes = new Map<number, Buffer | null>();
  let bytesRead = 0;
  let bytesWritten = 0;
  let bytesDone = 0;

  async function* passages(): AsyncGenerator<Passage> {
    const all =
      source.kind === 'reader'
        ? readerWork(source, chunkSize, attempts, signal)
        : streamWork(source, chunkSize, memory, attempts, fail, signal);
    for await (const work of all)
      yield { work, expected: expect(work.offset / chunkSize, Math.ceil(work.length / chunkSize)) };
  }
  /** Whole chunks of a run of zeros that are wanted. */
  const zero = async (work: Work, expected: ChunkExpectation): Promise<void> => {
    for (let offset = work.offset; offset < work.offset + work.length; offset += chunkSize) {
      const chunk = { offset, length: Math.min(chunkSize, size - offset) };
      if (!wanted(chunk)) continue;
      await chunks.zero(chunk);
      const index = offset / chunkSize;
      if (expected.some((one) => one.index === index)) changes.set(index, null);
    }
  };
  try {
    await runLanes(passages(), {
      depth: () => depth.depth,
      window: WINDOW,
      signal,
      fail,
      work: async ({ work, expected }) => {
        if (!wanted(work)) {
          if (work.kind === 'data' && work.buffer) memory.give(work.buffer, true);
          return;
        }
        if (work.kind === 'zero') return zero(work, expected);
        const copied = await chunks.copy(work, async () => signal.throwIfAborted());
        bytesRead += copied.bytesRead;
        bytesWritten += copied.bytesWritten;
        const then = expected[0]?.tag ?? null;
        const same = copied.digest && then ? copied.digest.equals(then) : copied.digest === then;
        if (!same) changes.set(work.offset / chunkSize, copied.digest);
      },
      passed: ({ work }) => {
        bytesDone += work.length;
        onProgress?.({ bytesDone, bytesTotal: size });
      },
    });
  } finally {
    chunks.close();
  }
  await target.flush(signal);
  const touched = pieces.filter(({ firstChunk, chunks: count }) =>
    [...changes.keys()].some((index) => index >= firstChunk && index < firstChunk + count),
  );
  return { changed: touched.map((piece) => withDigests(piece, changes)), bytesRead, bytesWritten };
}
