import { UsageError } from '@guts/cli';
import { GutsError, type ErrorCode, messageOf } from '@guts/core';
import {
  CorruptDiskError,
  DiskError,
  DiskSizeError,
  DiskUsageError,
  NbdError,
  UnsupportedDiskError,
} from '@guts/disk';

type Told = readonly [code: ErrorCode, remedy: string];

const OF_SYSTEM: Readonly<Record<string, Told>> = {
  ENOENT: ['not_found', 'Look at the path: there is nothing of that name.'],
  ENOTDIR: ['not_found', 'Look at the path: a part of it is no folder.'],
  EACCES: ['forbidden', 'Use a user who may, such as root for a block device.'],
  EPERM: ['forbidden', 'Use a user who may, such as root for a block device.'],
  EROFS: ['forbidden', 'It is on a file system that can only be read: take another place.'],
  EISDIR: ['bad_request', 'Give a file, not a folder.'],
  EEXIST: ['conflict', 'Give another name, or remove it.'],
  EBUSY: ['conflict', 'Unmount it, or stop what uses it.'],
  ENOSPC: ['disk_transport', 'Make room, or take another place.'],
  EDQUOT: ['disk_transport', 'Make room in the quota, or take another place.'],
  EFBIG: ['disk_transport', 'Take a file system that holds files of this size.'],
};

const OF_NBD: Readonly<Record<string, Told>> = {
  nbd_uri: ['bad_request', 'Write nbd://HOST:PORT/EXPORT, nbds://… or nbd+unix:///EXPORT?socket=PATH.'],
  nbd_export_unknown: [
    'not_found',
    'The part behind the slash names the export: see what the server offers.',
  ],
  nbd_read_only: ['forbidden', 'Have the server offer the export for writing.'],
  nbd_not_permitted: ['forbidden', 'Have the server allow it.'],
  nbd_untrusted: [
    'disk_transport',
    'Give --ca or --fingerprint, whichever fits the certificate of the server.',
  ],
  nbd_tls_required: ['disk_transport', 'The server wants TLS: write nbds:// instead of nbd://.'],
  nbd_no_space: ['disk_transport', 'Make room where the server stores.'],
};

const OTHER =
  'A raw disk must be said to be one (--format raw; --source-format raw of a copy); other formats: qemu-img convert.';
const USAGE = 'guts disk --help tells how it is used; --ova-disk chooses a disk of an OVA.';
const SIZE = 'Take a target that is at least as large as the source.';
const SOUND = 'Fetch the file again, or have its source repaired.';
const AGAIN = 'See what is said, and try again.';

function toldOf(error: unknown): Told | null {
  if (error instanceof NbdError) return OF_NBD[error.code] ?? ['disk_transport', AGAIN];
  if (error instanceof CorruptDiskError) return ['disk_corrupt', SOUND];
  if (error instanceof UnsupportedDiskError) return ['unsupported', OTHER];
  if (error instanceof DiskSizeError) return ['conflict', SIZE];
  if (error instanceof DiskUsageError) return ['bad_request', USAGE];
  if (error instanceof DiskError) return ['disk_transport', AGAIN];
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return null;
  return OF_SYSTEM[code] ?? ['disk_transport', AGAIN];
}

/** Does the work. @throws GutsError for what goes wrong with disks, files and servers; anything else as it is */
export async function toldAsGuts<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GutsError || error instanceof UsageError) throw error;
    const told = toldOf(error);
    if (!told) throw error;
    const [code, remedy] = told;
    throw new GutsError(code, messageOf(error), { cause: error, remedy });
  }
}
