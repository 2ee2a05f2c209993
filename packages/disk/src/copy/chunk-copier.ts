import { complementExtents, totalBytes } from '../extents.ts';
import type { WrittenHostFile } from '../host-file.ts';
import type { LentExport } from '../nbd/local-export.ts';
import type { DiskReader, DiskStream, DiskWriter, Extent } from '../types.ts';
import { readChunk } from './chunk-reader.ts';
import { dataRuns } from './content.ts';
import { type ChunkDigest, chunkDigest } from './digest.ts';
import type { Session } from './session.ts';
import type { DataWork } from './source-work.ts';
import type { ChunkThreads } from './threads/chunk-threads.ts';
import { type ChunkDone, type ChunkJob, ThreadExportError } from './threads/job.ts';

export interface ChunkCopierOptions {
  readonly source: DiskReader | DiskStream;
  readonly target: DiskWriter;
  /** Of the digests, 16 bytes in hexadecimal. */
  readonly key: string;
  /** The target reads as zero where nothing was written. */
  readonly skipZeros: boolean;
}

export interface CopiedChunk {
  /** Null: it is zero. */
  readonly digest: Buffer | null;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Bytes of zeros that one request writes at most, so that an abort is heard of and a long one is no stall. */
const ZERO_REQUEST = 1024 * 1024 * 1024;

/** Brings one chunk from the source to the target, by as many attempts as it takes. */
export class ChunkCopier {
  readonly #session: Session;
  readonly #options: ChunkCopierOptions;
  readonly #digest: ChunkDigest;

  constructor(session: Session, options: ChunkCopierOptions) {
    this.#session = session;
    this.#options = options;
    this.#digest = chunkDigest(options.key);
  }

  /** Once no chunk is under way: threads that read the source by connections of their own leave it. */
  close(): void {
    const { source } = this.#options;
    if (source.kind === 'reader' && source.local) this.#session.threads?.leave(source.local.export);
  }

  /** @param mayWrite resolves when it is the chunk's turn to be written */
  copy(work: DataWork, mayWrite: () => Promise<void>): Promise<CopiedChunk> {
    const { source, target } = this.#options;
    const { threads } = this.#session;
    const to = target.file;
    if (threads && to && source.kind === 'reader') {
      const { file, local } = source;
      if (file)
        return this.#copyByThread(
          work,
          { fd: file.fd, offset: work.offset, alignment: file.alignment },
          to,
          (job, inner) => file.during(() => threads.run(job, inner)),
        );
      if (local?.obstacle === null) return this.#copyExport(work, mayWrite, threads, local, to);
    }
    return this.#copyHere(work, mayWrite);
  }

  /** From an export to a file. */
  async #copyExport(
    work: DataWork,
    mayWrite: () => Promise<void>,
    threads: ChunkThreads,
    local: LentExport,
    to: WrittenHostFile,
  ): Promise<CopiedChunk> {
    const from = { local: local.export, offset: work.offset };
    try {
      return await this.#copyByThread(work, from, to, (job, inner) => threads.run(job, inner));
    } catch (error) {
      if (!(error instanceof ThreadExportError)) throw error;
      local.giveUp(error);
      // Some servers take only so many connections.
      threads.leave(local.export);
      return this.#copyHere(work, mayWrite, true);
    }
  }

  /** To a file, by a thread that reads by itself, too. */
  async #copyByThread(
    work: DataWork,
    from: ChunkJob['from'],
    to: WrittenHostFile,
    run: (job: ChunkJob, signal: AbortSignal) => Promise<ChunkDone>,
  ): Promise<CopiedChunk> {
    const { attempts, rate, signal, depth } = this.#session;
    const { offset, length, parts } = work;
    const bytesRead = totalBytes(parts);
    await rate.pass(bytesRead, signal);
    to.willWrite(offset, length);
    const job = { length, parts, key: this.#options.key, from, to: { fd: to.fd, offset } };
    const { runs, digest } = await attempts.retried('the copy', signal, (inner) =>
      to.during(() => run(job, inner)),
    );
    for (const run of runs) await to.wrote(offset + run.offset, run.length);
    for (const gap of complementExtents(runs, length))
      await this.zero({ offset: offset + gap.offset, length: gap.length });
    depth.completed(bytesRead);
    return { digest: digest && Buffer.from(digest), bytesRead, bytesWritten: totalBytes(runs) };
  }

  /** @param passed the limit on the rate has let it through */
  async #copyHere(work: DataWork, mayWrite: () => Promise<void>, passed = false): Promise<CopiedChunk> {
    const { buffer, bytesRead } = await this.#load(work, passed);
    const runs = dataRuns(buffer, work.parts);
    const digest = runs.length > 0 ? this.#digest(runs) : null;
    await mayWrite();
    let bytesWritten = 0;
    let attempts = 1;
    let at = 0;
    for (const { offset, data } of runs) {
      await this.zero({ offset: work.offset + at, length: offset - at });
      attempts = Math.max(attempts, await this.#write(work.offset + offset, data));
      bytesWritten += data.length;
      at = offset + data.length;
    }
    await this.zero({ offset: work.offset + at, length: work.length - at });
    // What an attempt that was given up may still send is sent from this memory.
    this.#session.memory.give(buffer, attempts === 1);
    this.#session.depth.completed(bytesRead);
    return { digest, bytesRead, bytesWritten };
  }

  /** Has a range of the target read as zero. */
  async zero({ offset, length }: Extent): Promise<void> {
    const { target, skipZeros } = this.#options;
    const { attempts, signal } = this.#session;
    if (skipZeros) return;
    for (let done = 0; done < length; done += ZERO_REQUEST) {
      const part = Math.min(ZERO_REQUEST, length - done);
      await attempts.retried('the target', signal, (inner) => target.zero(offset + done, part, inner));
    }
  }

  async #load(work: DataWork, passed: boolean): Promise<{ buffer: Uint8Array; bytesRead: number }> {
    const { source } = this.#options;
    const { memory, rate, signal } = this.#session;
    const bytesRead = totalBytes(work.parts);
    const taken = work.buffer ?? (await memory.take(work.length, signal));
    if (!passed) await rate.pass(bytesRead, signal);
    if (source.kind !== 'reader') return { buffer: taken, bytesRead };
    return { buffer: await readChunk(this.#session, source, 'the source', work, taken), bytesRead };
  }

  /** @returns how many attempts it took */
  async #write(offset: number, data: Uint8Array): Promise<number> {
    const { attempts, signal } = this.#session;
    return attempts.retried('the target', signal, async (inner, attempt) => {
      await this.#options.target.write(offset, data, inner);
      return attempt;
    });
  }
}
