import { DiskSizeError, DiskUsageError } from '../errors.ts';
import type { CopyResult, DigestPiece } from '../types.ts';
import { Checkpoints } from './checkpoints.ts';
import { ChunkCopier } from './chunk-copier.ts';
import { ZERO_BLOCK } from './content.ts';
import { type CopyJob, DEFAULT_CHECKPOINT, DEFAULT_CHUNK } from './copy-job.ts';
import { newDigestKey } from './digest.ts';
import { chunksOf, DigestLog } from './digest-log.ts';
import { runLanes, WINDOW } from './lanes.ts';
import { inSession, type Session } from './session.ts';
import { readerWork, streamWork, type Work } from './source-work.ts';

/** Digests in a piece that no checkpoint takes. */
const PIECE = 4096;

/** A chunk's or a run of zero chunks' way through the copy. */
interface Passage {
  readonly work: Work;
  digest: Buffer | null;
  bytesRead: number;
  bytesWritten: number;
}

/** What a job is when it was found sound. */
interface Plan {
  readonly chunkSize: number;
  readonly key: string;
  /** Chunks that are done already. */
  readonly resumed: number;
}

function planOf({ source, target, resume, ...job }: CopyJob): Plan {
  const chunkSize = resume?.chunkSize ?? job.chunkSize ?? DEFAULT_CHUNK;
  if (!Number.isSafeInteger(chunkSize) || chunkSize <= 0 || chunkSize % ZERO_BLOCK !== 0)
    throw new DiskUsageError(`chunkSize must be a multiple of ${ZERO_BLOCK} bytes, not ${chunkSize}`);
  const key = resume?.key ?? job.key ?? newDigestKey();
  if (!/^[0-9a-f]{32}$/.test(key)) throw new DiskUsageError('the key of digests has 32 hexadecimal digits');
  if (target.size < source.size)
    throw new DiskSizeError(`the target has ${target.size} bytes, fewer than the source's ${source.size}`);
  const resumed = chunksOf(resume?.pieces ?? []);
  if (resumed > 0 && (source.kind !== 'reader' || !target.capabilities.randomAccess))
    throw new DiskUsageError('only a copy with random access on both sides can be resumed');
  if (resumed > Math.ceil(source.size / chunkSize))
    throw new DiskUsageError(`there are ${resumed} chunks to resume behind, more than the disk has`);
  return { chunkSize, key, resumed };
}

/**
 * Copies a disk and digests it on the way. Each chunk is digested from the memory it is written from. Zeros are
 * skipped only on a target that reads as zero; what the target has beyond the source's end becomes zero too.
 * Memory is bounded by the budget, whatever the size of the disk. Resolves after the target's `flush`; on failure or
 * abort, after everything it started has settled, but for requests that it gave up because they stalled. Closes
 * neither source nor target.
 *
 * Throws `DiskSizeError` if the target is smaller than the source, `DiskMapError` or `CorruptDiskError` if the
 * source contradicts itself, `DiskStalledError` when nothing moves however often it is tried, the signal's reason on
 * abort, and what source, target or callbacks throw.
 */
export async function copyDisk(job: CopyJob): Promise<CopyResult> {
  const plan = planOf(job);
  return inSession(job, job.source.capabilities.requestsAtOnce, (session) => copyIn(session, job, plan));
}

async function copyIn(session: Session, job: CopyJob, plan: Plan): Promise<CopyResult> {
  const { source, target, resume } = job;
  const { chunkSize, key, resumed } = plan;
  const { signal, fail, clock, memory, attempts, depth } = session;
  const inOrder = !target.capabilities.randomAccess;
  // Asked once: a target that has been written to in an earlier attempt no longer reads as zero.
  const skipZeros = target.capabilities.readsAsZero;
  const chunks = new ChunkCopier(session, { source, target, key, skipZeros });

  const log = new DigestLog(resumed);
  const pieces: DigestPiece[] = [...(resume?.pieces ?? [])];
  const checkpoints = new Checkpoints({
    target,
    log,
    everyBytes: job.checkpointBytes ?? DEFAULT_CHECKPOINT,
    everySeconds: job.checkpointSeconds ?? 30,
    clock,
    signal,
    fail,
    onCheckpoint: async (done, piece) => {
      pieces.push(piece);
      await job.onCheckpoint?.({ bytesDone: done, chunkSize, key, piece });
    },
  });
  const resumedBytes = Math.min(resumed * chunkSize, source.size);
  let bytesDone = resumedBytes;
  let bytesRead = 0;
  let bytesWritten = 0;

  const work = async (passage: Passage, turn: Promise<void>): Promise<void> => {
    const own = passage.work;
    const mayWrite = async (): Promise<void> => {
      if (inOrder) await turn;
      signal.throwIfAborted();
    };
    if (own.kind === 'zero') {
      await mayWrite();
      await chunks.zero(own);
      return;
    }
    Object.assign(passage, await chunks.copy(own, mayWrite));
  };
  const passed = ({ work: own, digest, ...moved }: Passage): void => {
    if (own.kind === 'zero') log.addZeros(own.chunks);
    else if (digest) log.add(digest);
    else log.addZeros(1);
    bytesDone += own.length;
    bytesRead += moved.bytesRead;
    bytesWritten += moved.bytesWritten;
    job.onProgress?.({ bytesDone, bytesTotal: source.size, bytesRead, bytesWritten });
    if (job.onCheckpoint && !inOrder) checkpoints.advanced(bytesDone, moved.bytesWritten);
    else if (log.digests >= PIECE) pieces.push(log.take());
  };
  async function* passages(): AsyncGenerator<Passage> {
    const all =
      source.kind === 'reader'
        ? readerWork(source, chunkSize, attempts, signal, resumed)
        : streamWork(source, chunkSize, memory, attempts, fail, signal);
    for await (const one of all) yield { work: one, digest: null, bytesRead: 0, bytesWritten: 0 };
  }

  try {
    const lanes = { depth: () => depth.depth, window: WINDOW, signal, pause: job.pause, fail, work, passed };
    const end = await runLanes(passages(), lanes);
    if (end === 'ended' && bytesDone !== source.size)
      throw new DiskSizeError(`the source gave ${bytesDone} of its ${source.size} bytes`);
    if (end === 'ended' && target.size > source.size)
      await chunks.zero({ offset: source.size, length: target.size - source.size });
    if (end === 'ended' || !inOrder) await checkpoints.finish(bytesDone);
    if (end === 'paused') job.pause?.throwIfAborted();
  } finally {
    chunks.close();
    await checkpoints.settled();
  }
  return {
    manifest: { size: source.size, chunkSize, algorithm: 'aes-128-gmac', key, pieces },
    bytesRead,
    bytesWritten,
    bytesZero: source.size - resumedBytes - bytesWritten,
  };
}
