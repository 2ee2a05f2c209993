import { constants, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assertBytes, assertInside } from './bounds.ts';
import { fileOrDeviceSize } from './device-size.ts';
import { DiskError, DiskSizeError, DiskUsageError } from './errors.ts';
import { HeldFile } from './host-file.ts';
import { type FileCalls, loadFileCalls } from './linux/file-calls.ts';
import { Writeback } from './linux/writeback.ts';
import { ZeroMaker } from './linux/zero-maker.ts';
import { writeWhole } from './positioned.ts';
import type { DiskWriter } from './types.ts';

export interface DeviceWriterOptions {
  /** Size of the disk in bytes. An existing file or device may be longer, never shorter. */
  readonly size: number;
  /** Make a new sparse file; fails with `EEXIST` if the path exists. Default: the path must exist. */
  readonly create?: boolean;
  /**
   * Whether every byte is known to read as zero now; the writer unlearns it at its first write. A file made by `create` does, which is its
   * default; for an existing file or device the default is false, and true is the caller's word that it is fresh.
   */
  readonly readsAsZero?: boolean;
}

/**
 * Opens a file or block device for writing at any offset. `flush` is fsync. Never truncates. Zeros are made by punching
 * holes (a block device discards) where that reads as zero for certain, else by writing them. What is written is sent
 * on to the disk at once, so that the flush finds little left to do.
 * Throws `DiskSizeError` if there is less room than `size`.
 */
export async function openDeviceWriter(path: string, options: DeviceWriterOptions): Promise<DiskWriter> {
  const { size, create = false } = options;
  assertBytes(size, 'size');
  const flags = create ? constants.O_RDWR | constants.O_CREAT | constants.O_EXCL : constants.O_RDWR;
  const handle = await open(path, flags, 0o600);
  try {
    if (create) await growNewFile(handle, path, size);
    const available = await fileOrDeviceSize(handle, path);
    if (available < size)
      throw new DiskSizeError(`${path} holds ${available} bytes, but the disk needs ${size}`);
  } catch (error) {
    await handle.close();
    if (create) await unlink(path);
    throw error;
  }
  return deviceWriter(handle, size, options.readsAsZero ?? create, await loadFileCalls());
}

async function growNewFile(handle: FileHandle, path: string, size: number): Promise<void> {
  await handle.truncate(size);
  // The name itself survives a crash only once its folder is on disk.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function deviceWriter(
  handle: FileHandle,
  size: number,
  readsAsZero: boolean,
  calls: FileCalls | null,
): DiskWriter {
  const zeros = new ZeroMaker(handle, calls);
  const writeback = new Writeback(handle, calls);
  const held = new HeldFile(handle);
  let closed: Promise<void> | undefined;
  let lost: unknown;
  let fresh = readsAsZero;
  const check = (offset: number, length: number): void => {
    if (closed) throw new DiskUsageError('the disk is closed');
    assertInside(offset, length, size);
  };
  const willWrite = (offset: number, length: number): void => {
    check(offset, length);
    fresh &&= length === 0;
  };
  const wrote = (offset: number, length: number): Promise<void> => writeback.wrote(offset, length);
  return {
    size,
    capabilities: {
      randomAccess: true,
      get readsAsZero() {
        return fresh;
      },
      needsMap: false,
    },
    async write(offset, data, signal) {
      willWrite(offset, data.length);
      await writeWhole(handle, data, offset, signal);
      await wrote(offset, data.length);
    },
    async zero(offset, length, signal) {
      check(offset, length);
      await zeros.make(offset, length, signal);
    },
    async flush(signal) {
      check(0, 0);
      signal.throwIfAborted();
      await writeback.settled();
      lost ??= writeback.lost;
      // The kernel reports a failed write-back once; a second fsync would succeed over lost data.
      if (lost !== undefined)
        throw new DiskError(
          'disk_flush_failed',
          'an earlier flush failed: written data may be lost, write it again',
          {
            cause: lost,
          },
        );
      try {
        await handle.sync();
      } catch (error) {
        lost = error;
        throw error;
      }
    },
    close: () => (closed ??= writeback.settled().then(() => held.close())),
    file: { fd: handle.fd, during: (work) => held.during(work), willWrite, wrote },
  };
}
