import { readSync, writeSync } from 'node:fs';
import { dataRuns } from '../content.ts';
import { type ChunkDigest, chunkDigest } from '../digest.ts';
import type { ChunkAnswer, ChunkDone, ChunkJob, ChunkPlace, ThreadFault } from './job.ts';

/** Thrown to end a job; the rest of what can go wrong is the system's. */
class Ended extends Error {
  readonly fault: ThreadFault;
  constructor(fault: ThreadFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

/** Works on chunks, one at a time, by calls that wait: only in a thread that has nothing else to do. */
export class ChunkWork {
  readonly #stopped: () => boolean;
  #own = new Uint8Array(0);
  #key = '';
  #digest: ChunkDigest | undefined;

  /** @param stopped asked before every call; true: no further one is begun */
  constructor(stopped: () => boolean) {
    this.#stopped = stopped;
  }

  do(job: ChunkJob): ChunkAnswer {
    try {
      return { done: this.#do(job) };
    } catch (error) {
      if (error instanceof Ended) return { fault: error.fault };
      const { message, code, errno, syscall } = error as NodeJS.ErrnoException;
      return {
        fault: {
          kind: 'system',
          message,
          ...(code === undefined ? {} : { code }),
          ...(errno === undefined ? {} : { errno }),
          ...(syscall === undefined ? {} : { syscall }),
        },
      };
    }
  }

  #do({ length, parts, key, from, to }: ChunkJob): ChunkDone {
    const bytes = this.#memory(length);
    for (const { offset, length: count } of parts)
      this.#read(from, offset, bytes.subarray(offset, offset + count));
    const runs = dataRuns(bytes, parts);
    const digest = runs.length > 0 ? new Uint8Array(this.#digestOf(key)(runs)) : null;
    if (to) for (const { offset, data } of runs) this.#write(to, offset, data);
    return {
      runs: runs.map(({ offset, data }) => ({ offset, length: data.length })),
      digest,
    };
  }

  /** The same for every chunk: it stays in the processor's cache. */
  #memory(length: number): Uint8Array {
    if (this.#own.length < length) this.#own = new Uint8Array(length);
    return this.#own.subarray(0, length);
  }

  #digestOf(key: string): ChunkDigest {
    if (!this.#digest || this.#key !== key) {
      this.#digest = chunkDigest(key);
      this.#key = key;
    }
    return this.#digest;
  }

  #read({ fd, offset }: ChunkPlace, at: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      this.#goOn();
      const read = readSync(fd, into, done, into.length - done, offset + at + done);
      if (read === 0) throw new Ended({ kind: 'ended', missing: into.length - done, at: offset + at + done });
      done += read;
    }
  }

  #write({ fd, offset }: ChunkPlace, at: number, data: Uint8Array): void {
    for (let done = 0; done < data.length;) {
      this.#goOn();
      done += writeSync(fd, data, done, data.length - done, offset + at + done);
    }
  }

  #goOn(): void {
    if (this.#stopped()) throw new Ended({ kind: 'stopped' });
  }
}
