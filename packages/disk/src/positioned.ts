import type { FileHandle } from 'node:fs/promises';
import { CorruptDiskError } from './errors.ts';

/** Fills `buffer` from `position` of a file, however many system calls it takes; throws if the file ends first. */
export async function readWhole(
  handle: FileHandle,
  buffer: Uint8Array,
  position: number,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0)
      throw new CorruptDiskError(
        `the file ends here, ${buffer.length - done} bytes too early`,
        position + done,
      );
    done += bytesRead;
  }
}

/** Writes all of `data` at `position`, however many system calls it takes. */
export async function writeWhole(
  handle: FileHandle,
  data: Uint8Array,
  position: number,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  while (done < data.length) {
    signal.throwIfAborted();
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
