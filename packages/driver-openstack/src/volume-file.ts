import { createHash } from 'node:crypto';
import { access, constants, type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { GutsError } from '@guts/core';
import { type NfsConnection, readConnection } from './connection-info.ts';
import type { HostFiles } from './host-files.ts';
import { shareMounts } from './mounts.ts';

const GIB = 2 ** 30;

/** A volume as a file of this host. */
export interface VolumeFile {
  /** Without links. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
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

const refused = (message: string, remedy?: string): GutsError =>
  new GutsError('destination_refused', message, remedy === undefined ? {} : { remedy });

/** The file in a mount of its share, or where a root that the operator allows has it. */
async function find({ share, name, mountBase }: NfsConnection, host: HostFiles): Promise<string> {
  for (const point of shareMounts(await host.mountInfo(), share)) {
    const path = await real(join(point, name));
    // Not through a link, which the share's owner may have made.
    if (path !== null && dirname(path) === (await real(point))) return path;
  }
  const folder = share.slice(share.indexOf(':') + 1);
  const named = createHash('md5').update(share).digest('hex');
  const places = [...(mountBase === '' ? [] : [join(mountBase, named)]), folder].filter(isAbsolute);
  let strange = false;
  for (const place of places) {
    const path = await real(join(place, name));
    if (path === null) continue;
    if (await isBelowAny(path, host.volumeRoots)) return path;
    strange = true;
  }
  const why = strange ? ': what lies there is on no mount of it' : '';
  throw refused(
    `this worker does not reach ${name} of the NFS share ${share}${why}`,
    `Mount the share on this worker's host${mountBase === '' ? '' : `, as Cinder does, at ${join(mountBase, named)}`}; or name the folder that holds it in the setting volume_roots; or set volume_access to image.`,
  );
}

/**
 * Where this host has an attached volume as a file. What the cloud says is not trusted to choose it: the file bears
 * the volume's name, lies in a mount of the share (or below a root that the operator allows), never below GUTS's own
 * state, and is as large as the volume.
 * @throws GutsError `destination_refused` when there is no such file
 */
export async function volumeFile(
  connection: Readonly<Record<string, unknown>>,
  volume: { readonly id: string; /** GiB. */ readonly size: number },
  host: HostFiles,
): Promise<VolumeFile> {
  const path = await find(readConnection(connection, volume.id), host);
  if (await isBelowAny(path, host.forbidden)) throw refused(`${path} is GUTS's own: no volume lies there`);
  const size = volume.size * GIB;
  const stat = await lstat(path);
  if (!stat.isFile()) throw refused(`${path} is no regular file`);
  if (stat.size !== size)
    throw refused(`${path} has ${stat.size} bytes, but volume ${volume.id} has ${size}: it is another file`);
  await access(path, constants.R_OK | constants.W_OK).catch((error: unknown) => {
    throw notOpened(path, error);
  });
  return { path, size };
}

function notOpened(path: string, error: unknown): GutsError {
  const remedy = ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))
    ? 'Let the worker run as a user who may write to the volumes of the share, or set volume_access to image.'
    : 'Look whether the share is still mounted on this worker.';
  return new GutsError('destination_refused', `${path} cannot be opened: ${(error as Error).message}`, {
    cause: error,
    remedy,
  });
}

async function opened({ path }: VolumeFile, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw notOpened(path, error);
  }
}

/**
 * Opens the file that {@link volumeFile} found and nothing else: the share's owner may have put a link or another
 * file in its place since. @param use is given a path by which the kernel opens that very file
 */
export async function withVolumeFile<T>(
  file: VolumeFile,
  access: 'read' | 'write',
  use: (path: string) => Promise<T>,
): Promise<T> {
  const handle = await opened(file, access === 'read' ? constants.O_RDONLY : constants.O_RDWR);
  try {
    const own = `/proc/self/fd/${handle.fd}`;
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size !== file.size || (await readlink(own)) !== file.path)
      throw refused(`${file.path} has become another file since the volume was attached`);
    return await use(own);
  } finally {
    await handle.close();
  }
}
