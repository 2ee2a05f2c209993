import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileOrDeviceSize } from '../device-size.ts';
import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';
import { readWhole } from '../positioned.ts';

/** Bytes of a file, or of a part of one, that a disk is read from. */
export interface ImageFile {
  /** For messages: the file's own name, without its folder. */
  readonly name: string;
  /** The same for all paths to one file. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /** Fills the whole buffer; throws `CorruptDiskError` if the file has no such bytes. */
  read(position: number, buffer: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A whole file, with what its operating system knows it by. */
export interface OpenImageFile extends ImageFile {
  readonly path: string;
  readonly handle: FileHandle;
}

export interface ImageFileOptions {
  /**
   * The name came from inside another file, so it is not to be trusted: no symbolic link is followed, and nothing
   * but a regular file is opened. A name that the caller gave may be a link or a block device (/dev/disk/by-id/...).
   */
  readonly untrustedName?: boolean;
}

/**
 * Opens a regular file or a block device for reading. Never waits for a writer of a FIFO. Throws
 * `UnsupportedDiskError` for anything else than a file or device, or the system's error.
 */
export async function openImageFile(path: string, options: ImageFileOptions = {}): Promise<OpenImageFile> {
  const { untrustedName = false } = options;
  // O_NONBLOCK: the open of a FIFO returns at once and its kind is then seen; files and disks do not mind.
  const handle = await openHandle(
    path,
    constants.O_RDONLY | constants.O_NONBLOCK | (untrustedName ? constants.O_NOFOLLOW : 0),
  );
  try {
    const { dev, ino, ...stat } = await handle.stat();
    if (untrustedName && (stat.mode & constants.S_IFMT) !== constants.S_IFREG)
      throw new UnsupportedDiskError(`${path} is named by a disk but is no regular file`);
    const size = await fileOrDeviceSize(handle, path);
    return {
      path,
      handle,
      name: basename(path),
      identity: `${dev}:${ino}`,
      size,
      read: (position, buffer, signal) => readWhole(handle, buffer, position, signal),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openHandle(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    if ((flags & constants.O_NOFOLLOW) !== 0 && (error as NodeJS.ErrnoException).code === 'ELOOP')
      throw new UnsupportedDiskError(
        `${path} is named by a disk but is a symbolic link, which is not followed`,
      );
    throw error;
  }
}

/** A part of a file as a file of its own. Closing it closes nothing: the whole belongs to who opened it. */
export function imageFileWindow(file: ImageFile, name: string, start: number, size: number): ImageFile {
  if (start > file.size || size > file.size - start)
    throw new CorruptDiskError(`${file.name} ends before the end of ${name}`, file.size);
  return {
    name,
    identity: `${file.identity}@${start}`,
    size,
    async read(position, buffer, signal) {
      if (position > size || buffer.length > size - position)
        throw new CorruptDiskError(`${name} ends too early`, position);
      await file.read(start + position, buffer, signal);
    },
    close: () => Promise.resolve(),
  };
}

/** The bytes [position, position + length) of a file; throws `CorruptDiskError` if it has them not. */
export async function readBytes(
  file: ImageFile,
  position: number,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  // Asked before memory is taken: what a damaged file claims may be any number.
  if (position > file.size || length > file.size - position)
    throw new CorruptDiskError(
      `${file.name} has ${file.size} bytes, too few for ${length} at this place`,
      position,
    );
  const buffer = new Uint8Array(length);
  await file.read(position, buffer, signal);
  return buffer;
}
