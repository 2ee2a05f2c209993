import type { FileHandle } from 'node:fs/promises';
import type { FileCalls } from './file-calls.ts';

/** Smaller writes are left to the kernel's own pace. */
const LEAST = 256 * 1024;

/**
 * Has the kernel send written pages to the disk while the copy goes on, instead of letting them gather until the flush
 * must wait for gigabytes. A hint only: what the disk makes of it is told by the flush.
 */
export class Writeback {
  readonly #handle: FileHandle;
  #calls: FileCalls | null;
  readonly #running = new Set<Promise<void>>();

  constructor(handle: FileHandle, calls: FileCalls | null) {
    this.#handle = handle;
    this.#calls = calls;
  }

  wrote(offset: number, length: number): void {
    const calls = this.#calls;
    if (!calls || length < LEAST) return;
    const hint = calls
      .startWriteback(this.#handle.fd, offset, length)
      // A file system without it (or a disk that is in trouble, of which the flush tells) is not asked again.
      .catch(() => {
        this.#calls = null;
      })
      .finally(() => this.#running.delete(hint));
    this.#running.add(hint);
  }

  /** Resolves when no call is under way: its file may be closed then. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
