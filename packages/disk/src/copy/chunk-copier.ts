import type { DiskReader, DiskStream, DiskWriter, Extent } from '../types.ts';
import type { Attempts } from './attempts.ts';
import { readChunk } from './chunk-reader.ts';
import { type ChunkDigest, chunkDigest } from './digest.ts';
import type { MemoryShare } from './memory.ts';
import type { CopyRate } from './rate.ts';
import type { DataWork } from './source-work.ts';
import { zeroRuns } from './zeros.ts';

export interface ChunkCopierOptions {
  readonly source: DiskReader | DiskStream;
  readonly target: DiskWriter;
  /** Of the digests, 16 bytes in hexadecimal. */
  readonly key: string;
  readonly memory: MemoryShare;
  readonly rate: ReturnType<CopyRate['open']>;
  readonly attempts: Attempts;
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
  readonly #options: ChunkCopierOptions;
  readonly #digest: ChunkDigest;

  constructor(options: ChunkCopierOptions) {
    this.#options = options;
    this.#digest = chunkDigest(options.key);
  }

  /** @param mayWrite resolves when it is the chunk's turn to be written */
  async copy(work: DataWork, mayWrite: () => Promise<void>, signal: AbortSignal): Promise<CopiedChunk> {
    const { buffer, bytesRead } = await this.#load(work, signal);
    const runs = zeroRuns(buffer);
    const digest = runs.some(({ kind }) => kind === 'data') ? this.#digest(buffer) : null;
    await mayWrite();
    let bytesWritten = 0;
    let attempts = 1;
    for (const { offset, length, kind } of runs) {
      if (kind === 'zero') await this.zero({ offset: work.offset + offset, length }, signal);
      else {
        const data = buffer.subarray(offset, offset + length);
        attempts = Math.max(attempts, await this.#write(work.offset + offset, data, signal));
        bytesWritten += length;
      }
    }
    // What an attempt that was given up may still send is sent from this memory.
    this.#options.memory.give(buffer, attempts === 1);
    return { digest, bytesRead, bytesWritten };
  }

  /** Has a range of the target read as zero. */
  async zero({ offset, length }: Extent, signal: AbortSignal): Promise<void> {
    const { target, attempts, skipZeros } = this.#options;
    if (skipZeros) return;
    for (let done = 0; done < length; done += ZERO_REQUEST) {
      const part = Math.min(ZERO_REQUEST, length - done);
      await attempts.retried('the target', signal, (inner) => target.zero(offset + done, part, inner));
    }
  }

  async #load(work: DataWork, signal: AbortSignal): Promise<{ buffer: Uint8Array; bytesRead: number }> {
    const { source, memory, rate, attempts } = this.#options;
    if (work.buffer) {
      await rate.pass(work.received, signal);
      return { buffer: work.buffer, bytesRead: work.received };
    }
    const taken = await memory.take(work.length, signal);
    const bytesRead = work.parts.reduce((sum, { length }) => sum + length, 0);
    await rate.pass(bytesRead, signal);
    if (source.kind !== 'reader') return { buffer: taken.fill(0), bytesRead };
    const buffer = await readChunk(
      { reader: source, memory, attempts, what: 'the source' },
      work,
      taken,
      signal,
    );
    return { buffer, bytesRead };
  }

  /** @returns how many attempts it took */
  async #write(offset: number, data: Uint8Array, signal: AbortSignal): Promise<number> {
    const { target, attempts } = this.#options;
    return attempts.retried('the target', signal, async (inner, attempt) => {
      await target.write(offset, data, inner);
      return attempt;
    });
  }
}
