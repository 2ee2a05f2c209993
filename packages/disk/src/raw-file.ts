import type { FileHandle } from 'node:fs/promises';
import { DiskSizeError } from './errors.ts';
import { openImageFile, type OpenImageFile } from './file/image-file.ts';
import { DIRECT_ALIGNMENT, openDirect } from './linux/direct.ts';
import { type FileCalls, FileCallError, loadFileCalls } from './linux/file-calls.ts';
import { HeldFile } from './host-file.ts';
import { readWhole } from './positioned.ts';
import { rangeReader } from './range-reader.ts';
import type { DiskReader, Extent } from './types.ts';

export interface RawFileOptions {
  /** Bytes to read as the disk, when the file or device is longer than the disk. Default: all of it. */
  readonly size?: number;
  /**
   * What the page cache holds of it and is on the disk already is dropped first: what is read then comes from the disk
   * (or its server), not from the memory that wrote it. Threads read past the page cache altogether, where that can be
   * done. Default false.
   */
  readonly uncached?: boolean;
}

/**
 * Opens a raw (flat) image or a block device for reading. The holes of a file on Linux are its map, where the file
 * system tells of them; else all is data, and the copy engine finds zeros by looking.
 * Throws `DiskSizeError` if there are fewer than `size` bytes.
 */
export async function openRawFile(path: string, options: RawFileOptions = {}): Promise<DiskReader> {
  const file = await openImageFile(path);
  try {
    return await openRawImage(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Like `openRawFile`, for a file that is open. The reader closes it; if this throws, it is the caller's still. */
export async function openRawImage(file: OpenImageFile, options: RawFileOptions = {}): Promise<DiskReader> {
  const { handle } = file;
  const size = options.size ?? file.size;
  if (file.size < size)
    throw new DiskSizeError(`${file.path} has ${file.size} bytes, fewer than the disk's ${size}`);
  const uncached = options.uncached === true;
  if (uncached) await (await loadFileCalls())?.dropCache(handle.fd, 0, 0);
  const calls = await seekingCalls(handle, size);
  const held = new HeldFile(handle);
  const direct = uncached ? await openDirect(handle) : null;
  const past = direct && new HeldFile(direct, DIRECT_ALIGNMENT);
  const reader = rangeReader({
    size,
    ...(calls ? { map: (signal) => dataOf(handle, size, calls, signal) } : {}),
    readRange: (offset, buffer, signal) => readWhole(handle, buffer, offset, signal),
    close: async () => {
      try {
        await past?.close();
      } finally {
        await held.close();
      }
    },
  });
  return { ...reader, file: past ?? held };
}

/** Null: this host or this file system does not tell holes (a block device never does). */
async function seekingCalls(handle: FileHandle, size: number): Promise<FileCalls | null> {
  if (size === 0 || !(await handle.stat()).isFile()) return null;
  const calls = await loadFileCalls();
  try {
    await calls?.seekData(handle.fd, 0);
    return calls;
  } catch (error) {
    if (error instanceof FileCallError) return null;
    throw error;
  }
}

/** lseek(2): a hole reads as zero; whatever is no hole is data. */
async function* dataOf(
  { fd }: FileHandle,
  size: number,
  calls: FileCalls,
  signal: AbortSignal,
): AsyncGenerator<Extent> {
  for (let at = 0; at < size;) {
    signal.throwIfAborted();
    const offset = await calls.seekData(fd, at);
    if (offset === null || offset >= size) return;
    const end = Math.min(size, await calls.seekHole(fd, offset));
    yield { offset, length: end - offset };
    at = end;
  }
}
