import type { FileHandle } from 'node:fs/promises';
import { FileCallError, type FileCalls } from './file-calls.ts';

/** Bytes that are sent on together: each call wakes a thread, which costs as much as writing many pages. */
const BATCH = 32 * 1024 * 1024;
/** errno: EINVAL, ESPIPE, ENOSYS, EOPNOTSUPP. */
const UNSUPPORTED = new Set([22, 29, 38, 95]);

interface Range {
  from: number;
  to: number;
}

/**
 * Has the kernel send written pages to the disk while the copy goes on, and give their memory back, instead of letting
 * them gather until the flush must wait for gigabytes: a worker needs that memory for nothing, and using the same few
 * pages again is faster than taking fresh ones (much so in a virtual machine, whose host must find each).
 */
export class Writeback {
  readonly #handle: FileHandle;
  #calls: FileCalls | null;
  /** What was written since the last batch; what else lies between was not, or is clean. */
  #range: Range | undefined;
  #bytes = 0;
  /** On its way to the disk, not waited for. */
  #sent: Range | undefined;
  #working: Promise<void> | undefined;
  #lost: unknown;

  constructor(handle: FileHandle, calls: FileCalls | null) {
    this.#handle = handle;
    this.#calls = calls;
  }

  /** What the disk refused: once waited for, the kernel may not tell it to a later fsync again. */
  get lost(): unknown {
    return this.#lost;
  }

  /** Resolves when no more than two batches are under way. */
  async wrote(offset: number, length: number): Promise<void> {
    if (!this.#calls) return;
    const end = offset + length;
    if (this.#range) {
      this.#range.from = Math.min(this.#range.from, offset);
      this.#range.to = Math.max(this.#range.to, end);
    } else this.#range = { from: offset, to: end };
    this.#bytes += length;
    if (this.#bytes < BATCH) return;
    if (this.#working) {
      // A disk that is slower than the copy sets the pace.
      if (this.#bytes >= 2 * BATCH) await this.#working;
      return;
    }
    const range = this.#range;
    this.#range = undefined;
    this.#bytes = 0;
    this.#working = this.#send(range).finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when no call is under way: its file may be flushed or closed then. */
  async settled(): Promise<void> {
    await this.#working;
  }

  /** Begins to write a batch, and waits for the one before: the disk is never without work. */
  async #send(range: Range): Promise<void> {
    const { fd } = this.#handle;
    const calls = this.#calls;
    const before = this.#sent;
    this.#sent = range;
    try {
      await calls?.startWriteback(fd, range.from, range.to - range.from);
      if (!before) return;
      await calls?.waitWriteback(fd, before.from, before.to - before.from);
      await calls?.dropCache(fd, before.from, before.to - before.from);
    } catch (error) {
      this.#calls = null;
      if (!(error instanceof FileCallError && UNSUPPORTED.has(error.errno))) this.#lost ??= error;
    }
  }
}
