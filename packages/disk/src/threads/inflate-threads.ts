import { availableParallelism } from 'node:os';
import { DiskError } from '../errors.ts';
import { LIBDEFLATE } from '../linux/libdeflate.ts';
import { Thread } from './thread.ts';

/**
 * Memory for compressed grains and for what they inflate to, shared with the thread: V8 counts what is moved to and fro
 * as new each time, and collects garbage for it.
 */
export interface BatchMemory {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
}
/** Grains that are inflated at once. */
export interface InflateRequest extends BatchMemory {
  /** For each grain: where it begins in `input`, its length there, where it goes in `output`, bytes wanted of it. */
  readonly places: Uint32Array;
  /** No grain inflates to more. */
  readonly grainBytes: number;
}
export interface Inflated {
  /** The first grain that is not sound, and why, such as `does not inflate (invalid block type)`. */
  readonly bad: { readonly grain: number; readonly reason: string } | null;
  /** What inflated them: without libdeflate it takes twice as long, and nobody else would tell. */
  readonly by: 'libdeflate' | 'zlib';
}

/** More threads are of use to no stream: it comes through one connection. */
const MOST = 4;
export interface InflateThreadsOptions {
  /** The file of libdeflate; null: zlib. Default: the host's, and zlib where it has none. */
  readonly libdeflate?: string | null;
}

/**
 * Threads that inflate grains, a batch at a time: handing each grain alone to a pool costs more than inflating it.
 * The first starts with the first batch, another one when all are busy, at most as many as there are processors.
 * Several streams may share them.
 */
export class InflateThreads {
  readonly #threads: Thread[] = [];
  readonly #most = Math.min(MOST, availableParallelism());
  readonly #libdeflate: string | null;
  #closed = false;

  constructor({ libdeflate = LIBDEFLATE }: InflateThreadsOptions = {}) {
    this.#libdeflate = libdeflate;
  }

  /** @throws DiskError `disk_thread` when a thread failed or they were closed */
  async inflate(request: InflateRequest): Promise<Inflated> {
    if (this.#closed) throw new DiskError('disk_thread', 'the threads were closed');
    return this.#idlest().ask(request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #idlest(): Thread {
    const [first] = this.#threads.toSorted((one, other) => one.pending - other.pending);
    if (first && (first.pending === 0 || this.#threads.length >= this.#most)) return first;
    const thread = new Thread(new URL('inflate-thread.js', import.meta.url), {
      libdeflate: this.#libdeflate,
    });
    this.#threads.push(thread);
    return thread;
  }
}
