import { constants, type Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '@guts/cli';
import { GutsError } from '@guts/core';
import { type DiskWriter, openDeviceWriter, openNbdWriter, UnsupportedDiskError } from '@guts/disk';
import { nbdSession, nbdTarget, type TrustOptions } from './source.ts';

export interface Target {
  readonly writer: DiskWriter;
  /** After the last flush: it is there under its name. */
  commit(): Promise<void>;
  /** What a copy that did not end leaves, in words. Removes what nobody needs. */
  discard(): Promise<string>;
}

export interface TargetOptions extends TrustOptions {
  /** Writes over what is there. */
  readonly force: boolean;
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const forceNeeded = (message: string, remedy: string): GutsError =>
  new GutsError('conflict', message, { remedy });

/**
 * Opens what a disk of `size` bytes is copied to: an NBD address, a block device, or a file, which is made new. What is
 * there already is written over only with `force`. A larger device or export is left as it is behind the disk's end.
 * @throws GutsError `conflict`, and what opening throws
 */
export async function openTarget(
  text: string,
  size: number,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<Target> {
  const nbd = nbdTarget(text);
  if (nbd) {
    const session = await nbdSession(nbd, options);
    const writer = await openNbdWriter({ ...session, size }, signal).catch((error: unknown) => {
      if (!(error instanceof UnsupportedDiskError)) throw error;
      throw new GutsError('unsupported', `${text}: ${error.message}`, {
        cause: error,
        remedy: 'Have the server offer it in another way, such as by nbdkit or qemu-nbd.',
      });
    });
    if (options.force || writer.capabilities.readsAsZero) return inPlace(text, writer);
    await writer.close();
    throw forceNeeded(
      `${text} may hold data: it does not say that all of it is zero`,
      'With --force what it holds is written over.',
    );
  }
  const there = await statOf(text);
  if (there?.isBlockDevice()) return openBlockDevice(text, size, options);
  if (there && !there.isFile())
    throw new GutsError('bad_request', `${text} is neither a file nor a block device`, {
      remedy: 'Give a new file, a block device, or an NBD address.',
    });
  return openNewFile(text, there, size, options);
}

function inPlace(text: string, writer: DiskWriter): Target {
  return {
    writer,
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(`${text} holds a part of the disk`),
  };
}

async function openBlockDevice(path: string, size: number, { force }: TargetOptions): Promise<Target> {
  // open(2): O_EXCL without O_CREAT fails on a device that the system uses, such as a mounted one.
  const handle = await open(path, constants.O_RDONLY | constants.O_EXCL);
  await handle.close();
  if (!force)
    throw forceNeeded(`${path} is a block device`, 'With --force whatever is on it is written over.');
  return inPlace(path, await openDeviceWriter(path, { size }));
}

/** A file has its name once it is whole: until then, what had that name before stays. */
async function openNewFile(
  path: string,
  there: Stats | null,
  size: number,
  { force }: TargetOptions,
): Promise<Target> {
  const refuse = (old: Stats): GutsError =>
    forceNeeded(
      `there is a file ${path} already, of ${formatBytes(old.size)}, written at ${old.mtime.toISOString()}`,
      'Give another name; with --force it is replaced when the copy has ended.',
    );
  if (there && !force) throw refuse(there);
  const name = there ? await realpath(path) : path;
  const partial = `${name}.partial`;
  const writer = await openDeviceWriter(partial, { size, create: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      throw new GutsError('conflict', `there is a file ${partial}: another copy writes it, or was killed`, {
        cause: error,
        remedy: 'Remove it when no copy writes it.',
      });
    },
  );
  return {
    writer,
    commit: async () => {
      const now = await statOf(path);
      if (now && !force) throw refuse(now);
      await rename(partial, name);
      const folder = await open(dirname(name), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    discard: async () => {
      await rm(partial, { force: true });
      return there ? `${path} is as it was` : `${path} was not made`;
    },
  };
}
