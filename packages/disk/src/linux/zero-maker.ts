import type { FileHandle } from 'node:fs/promises';
import { writeWhole } from '../positioned.ts';
import { type FileCalls, FileCallError } from './file-calls.ts';

const ZEROS = new Uint8Array(1024 * 1024);

type Way = (fd: number, offset: number, length: number) => Promise<void>;

/**
 * Makes ranges of a file or block device read as zero, by the cheapest way that it takes: fallocate(2) punches holes
 * in files and discards on devices only where zeros are read afterwards, for certain.
 */
export class ZeroMaker {
  readonly #handle: FileHandle;
  /** Those not refused so far, the cheapest first. */
  #ways: readonly Way[];

  constructor(handle: FileHandle, calls: FileCalls | null) {
    this.#handle = handle;
    this.#ways = calls
      ? [(...range) => calls.punchHole(...range), (...range) => calls.zeroRange(...range)]
      : [];
  }

  async make(offset: number, length: number, signal: AbortSignal): Promise<void> {
    if (length === 0) return;
    for (let [way] = this.#ways; way; [way] = this.#ways) {
      signal.throwIfAborted();
      try {
        return await way(this.#handle.fd, offset, length);
      } catch (error) {
        // Not supported here, or not for such a range; whatever else is wrong shows when zeros are written.
        if (!(error instanceof FileCallError)) throw error;
        this.#ways = this.#ways.filter((one) => one !== way);
      }
    }
    for (let done = 0; done < length; done += ZEROS.length) {
      const part = ZEROS.subarray(0, Math.min(ZEROS.length, length - done));
      await writeWhole(this.#handle, part, offset + done, signal);
    }
  }
}
