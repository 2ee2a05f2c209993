import { createHash } from 'node:crypto';
import { access, constants, type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { GutsError } from '@guts/core';
import { DiskError, openQemuReader, QemuNbdError, wholeQcow2Size } from '@guts/disk';
import { type NfsConnection, readConnection } from './connection-info.ts';
import type { HostFiles } from './host-files.ts';
import type { ShareHolds } from './nfs/holds.ts';
import { shareMounts } from './nfs/mount-table.ts';
import { unreached } from './unreached.ts';

const GIB = 2 ** 30;

/** A volume as a file of this host. */
export interface VolumeFile {
  /** Without links. */
  readonly path: string;
  /** Bytes of the volume. */
  readonly size: number;
  /** What the file is, by Cinder's word. */
  readonly format: 'raw' | 'qcow2';
  /** The share that this worker mounted itself for it, and how; absent: it lies where the operator has it. */
  readonly mounted?: { readonly share: string; readonly options: string };
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

async function real(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ESTALE'].includes(codeOf(error))) return null;
    throw error;
  }
}

function isBelow(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest !== '' && rest !== '..' && !rest.startsWith('../') && !isAbsolute(rest);
}

async function isBelowAny(path: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const found = await real(folder);
    if (found !== null && isBelow(path, found)) return true;
  }
  return false;
}

interface Found {
  readonly path: string;
  readonly mounted?: VolumeFile['mounted'];
}

/** The file of that name in a folder. Not through a link, which the share's owner may have made. */
async function inFolder(point: string, name: string): Promise<string | null> {
  const path = await real(join(point, name));
  return path !== null && dirname(path) === (await real(point)) ? path : null;
}

/** The file in a mount of its share, be it the operator's or our own, or where a root that the operator allows has it. */
async function find(
  { share, name, options, mountBase }: NfsConnection,
  host: HostFiles,
  shares: ShareHolds,
  signal: AbortSignal,
): Promise<Found> {
  for (const point of shareMounts(await host.mountInfo(), share)) {
    // One of our own may go unless it is held.
    if (shares.folder !== null && isBelow(point, shares.folder)) continue;
    const path = await inFolder(point, name);
    if (path !== null) return { path };
  }
  const own = await shares.pointOf(share, options, signal);
  if (own !== null) {
    const path = await inFolder(own, name);
    if (path !== null) return { path, mounted: { share, options } };
    throw unreached(`NFS share ${share}, mounted on this worker, has no file ${name}`);
  }
  const folder = share.slice(share.indexOf(':') + 1);
  const named = createHash('md5').update(share).digest('hex');
  const places = [...(mountBase === '' ? [] : [join(mountBase, named)]), folder].filter(isAbsolute);
  let strange = false;
  for (const place of places) {
    const path = await real(join(place, name));
    if (path === null) continue;
    if (await isBelowAny(path, host.volumeRoots)) return { path };
    strange = true;
  }
  const why = strange ? ': what lies there is on no mount of it' : '';
  throw unreached(
    `this worker does not reach ${name} of the NFS share ${share}${why}`,
    `Mount the share on this worker's host${mountBase === '' ? '' : `, as Cinder does, at ${join(mountBase, named)}`}; or name the share in the setting nfs_shares, to have it mounted by the worker; or name the folder that holds it in the setting volume_roots; or set volume_access to image or auto.`,
  );
}

/**
 * Where this host has an attached volume as a file. What the cloud says is not trusted to choose it: the file bears
 * the volume's name, lies in a mount of the share (or below a root that the operator allows), never below GUTS's own
 * state, and is as large as the volume; a qcow2 file holds all of it, and qemu-nbd serves it.
 * @throws GutsError `destination_refused` when there is no such file
 */
export async function volumeFile(
  connection: Readonly<Record<string, unknown>>,
  volume: { readonly id: string; /** GiB. */ readonly size: number },
  host: HostFiles,
  shares: ShareHolds,
  signal: AbortSignal,
): Promise<VolumeFile> {
  const place = readConnection(connection, volume.id);
  const { path, mounted } = await find(place, host, shares, signal);
  if (mounted === undefined && (await isBelowAny(path, host.forbidden)))
    throw unreached(`${path} is GUTS's own: no volume lies there`);
  const size = volume.size * GIB;
  const stat = await lstat(path);
  if (!stat.isFile()) throw unreached(`${path} is no regular file`);
  const file: VolumeFile = { path, size, format: place.format, ...(mounted ? { mounted } : {}) };
  if (file.format === 'raw') assertSize(path, stat.size, volume);
  await access(path, constants.R_OK | constants.W_OK).catch((error: unknown) => {
    throw notOpened(path, error);
  });
  if (file.format === 'qcow2')
    await withVolumeFile(file, 'read', signal, (_own, fd) => tryQcow2(path, fd, volume, signal));
  return file;
}

function assertSize(
  path: string,
  found: number,
  volume: { readonly id: string; readonly size: number },
): void {
  const size = volume.size * GIB;
  if (found !== size)
    throw unreached(`${path} has ${found} bytes, but volume ${volume.id} has ${size}: it is another file`);
}

/** Found while nothing was copied yet: that qemu-nbd is not installed, or cannot open it. */
async function tryQcow2(
  path: string,
  fd: number,
  volume: { readonly id: string; readonly size: number },
  signal: AbortSignal,
): Promise<void> {
  try {
    const reader = await openQemuReader({ fd, format: 'qcow2' }, signal);
    await reader.close();
    assertSize(path, reader.size, volume);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const missing = error instanceof QemuNbdError && error.code === 'qemu_nbd_missing';
    throw unreached(
      `${path} cannot be opened as a qcow2 file: ${error.message}`,
      missing
        ? "Install qemu-nbd on this worker's host (Debian: qemu-utils), or set volume_access to image or auto."
        : 'Set volume_access to image or auto for this destination.',
      error,
    );
  }
}

function notOpened(path: string, error: unknown): GutsError {
  const remedy = ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))
    ? 'Let the worker run as a user who may write to the volumes of the share, or set volume_access to image or auto.'
    : 'Look whether the share is still mounted on this worker.';
  return unreached(`${path} cannot be opened: ${(error as Error).message}`, remedy, error);
}

async function opened({ path }: VolumeFile, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw notOpened(path, error);
  }
}

/** Nor does it name another file, which qemu would open: who has the share would choose it. */
async function assertWholeQcow2(file: VolumeFile, handle: FileHandle, signal: AbortSignal): Promise<void> {
  const why = await wholeQcow2Size(handle, signal).then(
    (size) => (size === file.size ? null : `it holds ${size} bytes, but the volume has ${file.size}`),
    (error: unknown) => {
      if (error instanceof DiskError) return error.message;
      throw error;
    },
  );
  if (why !== null)
    throw unreached(
      `${file.path} is no qcow2 file of the volume: ${why}`,
      'Set volume_access to image or auto for this destination.',
    );
}

/**
 * Opens the file that {@link volumeFile} found and nothing else: the share's owner may have put a link or another
 * file in its place since. @param use is given a path by which the kernel opens that very file, and its descriptor
 */
export async function withVolumeFile<T>(
  file: VolumeFile,
  access: 'read' | 'write',
  signal: AbortSignal,
  use: (path: string, fd: number) => Promise<T>,
): Promise<T> {
  const handle = await opened(file, access === 'read' ? constants.O_RDONLY : constants.O_RDWR);
  try {
    const own = `/proc/self/fd/${handle.fd}`;
    const stat = await handle.stat();
    const sized = file.format === 'qcow2' || stat.size === file.size;
    if (!stat.isFile() || !sized || (await readlink(own)) !== file.path)
      throw unreached(`${file.path} has become another file since the volume was attached`);
    if (file.format === 'qcow2') await assertWholeQcow2(file, handle, signal);
    return await use(own, handle.fd);
  } finally {
    await handle.close();
  }
}
