import { open } from 'node:fs/promises';
import { fileOrDeviceSize } from './device-size.ts';
import { DiskSizeError } from './errors.ts';
import { readWhole } from './positioned.ts';
import { rangeReader } from './range-reader.ts';
import type { DiskReader } from './types.ts';

export interface RawFileOptions {
  /** Bytes to read as the disk, when the file or device is longer than the disk. Default: all of it. */
  readonly size?: number;
}

/**
 * Opens a raw (flat) image or a block device for reading. Its map is not known, since Node has no SEEK_HOLE:
 * holes are read as zeros and the copy engine finds them by looking.
 * Throws `DiskSizeError` if there are fewer than `size` bytes.
 */
export async function openRawFile(path: string, options: RawFileOptions = {}): Promise<DiskReader> {
  const handle = await open(path, 'r');
  try {
    const available = await fileOrDeviceSize(handle, path);
    const size = options.size ?? available;
    if (available < size)
      throw new DiskSizeError(`${path} has ${available} bytes, fewer than the disk's ${size}`);
    return rangeReader({
      size,
      readRange: (offset, buffer, signal) => readWhole(handle, buffer, offset, signal),
      close: () => handle.close(),
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}
