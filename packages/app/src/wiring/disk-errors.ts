import { type ErrorCode, GutsError, messageOf } from '@guts/core';
import { CorruptDiskError, DiskError, DiskStalledError, NbdError, QemuNbdError } from '@guts/disk';

interface Told {
  readonly code: ErrorCode;
  readonly remedy: string;
  /** The step is done again by itself, from its last checkpoint on. */
  readonly transient: boolean;
}

const again = (remedy: string): Told => ({ code: 'disk_transport', remedy, transient: true });
const forPeople = (remedy: string): Told => ({ code: 'disk_transport', remedy, transient: false });

const FULL = forPeople(
  'Make room on the storage that is written to, then retry the migration: it goes on where it was.',
);
const STORAGE = again(
  'See whether the storage of the disk is reached from the worker, then retry the migration.',
);
const OTHER = forPeople('See what is said; retry the migration when it is mended: it goes on where it was.');

/** errno(3), by name: what storage that is away for a while answers, and what is full. */
const OF_SYSTEM: Readonly<Record<string, Told>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: STORAGE,
  ESTALE: STORAGE,
  ETIMEDOUT: STORAGE,
  EHOSTDOWN: STORAGE,
  EHOSTUNREACH: STORAGE,
  ENXIO: STORAGE,
  ENODEV: STORAGE,
  ENOTCONN: STORAGE,
};

function toldOf(error: unknown): Told | null {
  if (error instanceof CorruptDiskError)
    return {
      code: 'disk_corrupt',
      remedy: 'Have the disk repaired at the source, then retry.',
      transient: false,
    };
  // Writes that a server took and lost come back with the chunks behind the last checkpoint.
  if (error instanceof NbdError) return error.retryable || error.code === 'nbd_writes_lost' ? STORAGE : OTHER;
  if (error instanceof DiskStalledError || error instanceof QemuNbdError) return STORAGE;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return OF_SYSTEM[code] ?? OTHER;
  return error instanceof DiskError ? OTHER : null;
}

/**
 * What a copy throws in the words of a migration.
 * @throws GutsError for what goes wrong with disks and their storage; anything else as it is
 */
export async function diskWork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const told = error instanceof GutsError ? null : toldOf(error);
    if (!told) throw error;
    const { code, ...options } = told;
    throw new GutsError(code, messageOf(error), { cause: error, ...options });
  }
}
