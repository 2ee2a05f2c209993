import type { DiskReader, DiskStream, DiskWriter, Extent } from '../types.ts';
import type { Attempts } from './attempts.ts';
import { readChunk } from './chunk-reader.ts';
import { dataRuns } from './content.ts';
import { type ChunkDigest, chunkDigest } from './digest.ts';
import type { Gate } from './gate.ts';
import type { MemoryShare } from './memory.ts';
import type { CopyRate } from './rate.ts';
import type { DataWork } from './source-work.ts';

export interface ChunkCopierOptions {
  readonly source: DiskReader | DiskStream;
  readonly target: DiskWriter;
  /** Of the digests, 16 bytes in hexadecimal. */
  readonly key: string;
  readonly memory: MemoryShare;
  readonly rate: ReturnType<CopyRate['open']>;
  readonly attempts: Attempts;
  /** Through which each request to a reader goes. */
  readonly gate: Gate;
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
    const runs = dataRuns(buffer, work.parts);
    const digest = runs.length > 0 ? this.#digest(runs) : null;
    await mayWrite();
    let bytesWritten = 0;
    let attempts = 1;
    let at = 0;
    for (const { offset, data } of runs) {
      await this.zero({ offset: work.offset + at, length: offset - at }, signal);
      attempts = Math.max(attempts, await this.#write(work.offset + offset, data, signal));
      bytesWritten += data.length;
      at = offset + data.length;
    }
    await this.zero({ offset: work.offset + at, length: work.length - at }, signal);
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
    const { source, memory, rate, attempts, gate } = this.#options;
    const bytesRead = work.parts.reduce((sum, { length }) => sum + length, 0);
    const taken = work.buffer ?? (await memory.take(work.length, signal));
    await rate.pass(bytesRead, signal);
    if (source.kind !== 'reader') return { buffer: taken, bytesRead };
    const buffer = await readChunk(
      { reader: source, memory, attempts, gate, what: 'the source' },
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
