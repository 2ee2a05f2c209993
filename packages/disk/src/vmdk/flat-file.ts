import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileOrDeviceSize } from '../device-size.ts';
import { DiskSizeError, UnsupportedDiskError } from '../errors.ts';
import { readWhole } from '../positioned.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, Extent } from '../types.ts';
import { parseVmdkDescriptor, type DescriptorExtent } from './descriptor.ts';

/** Where a part of the disk lies. */
interface Part extends Extent {
  readonly handle: FileHandle;
  readonly fileOffset: number;
}

/** A descriptor is a few lines; more is another file. */
const MAX_DESCRIPTOR = 1024 * 1024;

/**
 * Opens a disk of flat files by its VMDK descriptor file. Extents of kind ZERO are zeros in its map.
 * Throws `UnsupportedDiskError`, or `DiskSizeError` if a flat file is shorter than its extent.
 */
export async function openFlatVmdk(path: string): Promise<DiskReader> {
  const { size, extents } = parseVmdkDescriptor(await readDescriptor(path));
  const handles: FileHandle[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(handles.map((handle) => handle.close()));
  };
  try {
    const parts: Part[] = [];
    let offset = 0;
    for (const extent of extents) {
      const { length, fileOffset } = extent;
      const handle = await openExtent(dirname(path), extent, handles);
      if (handle) parts.push({ offset, length, handle, fileOffset });
      offset += length;
    }
    return rangeReader({
      size,
      map: () => parts,
      readRange: (...range) => readParts(parts, ...range),
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

async function readDescriptor(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_DESCRIPTOR);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead === MAX_DESCRIPTOR)
      throw new UnsupportedDiskError(`${path} is no VMDK descriptor: it is larger than 1 MiB`);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function openExtent(
  folder: string,
  { file, length, fileOffset }: DescriptorExtent,
  handles: FileHandle[],
): Promise<FileHandle | undefined> {
  if (file === undefined) return undefined;
  const path = join(folder, file);
  const handle = await open(path, 'r');
  handles.push(handle);
  const available = await fileOrDeviceSize(handle, path);
  if (available < fileOffset + length)
    throw new DiskSizeError(
      `${path} has ${available} bytes, but its extent ends at byte ${fileOffset + length}`,
    );
  return handle;
}

async function readParts(
  parts: readonly Part[],
  offset: number,
  buffer: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  buffer.fill(0);
  const end = offset + buffer.length;
  for (const part of parts) {
    const from = Math.max(offset, part.offset);
    const to = Math.min(end, part.offset + part.length);
    if (from < to)
      await readWhole(
        part.handle,
        buffer.subarray(from - offset, to - offset),
        part.fileOffset + from - part.offset,
        signal,
      );
  }
}
