import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Block devices of this host. */
export interface BlockDevices {
  /** `major:minor` of every one. */
  all(): Promise<ReadonlySet<string>>;
  /** The device that a path leads to; null: no block device. `size` in bytes. */
  at(path: string): Promise<{ readonly path: string; readonly number: string; readonly size: number } | null>;
}

/** The kernel's sectors are of 512 bytes, whatever the device's own (Documentation/ABI/stable/sysfs-block). */
const SECTOR = 512;

async function text(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    // One that went while we looked.
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** @param sys where sysfs is */
export function blockDevices(sys = '/sys'): BlockDevices {
  const folder = join(sys, 'class/block');
  const numberOf = (name: string): Promise<string | null> => text(join(folder, name, 'dev'));
  return {
    async all() {
      const found = new Set<string>();
      for (const name of await readdir(folder)) {
        const number = await numberOf(name);
        if (number !== null) found.add(number);
      }
      return found;
    },
    async at(path) {
      const real = await realpath(path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      });
      if (real === null || !(await lstat(real)).isBlockDevice()) return null;
      // Nodes of /dev bear the kernel's names, with ! where those have a slash.
      const name = real.replace(/^\/dev\//, '').replaceAll('/', '!');
      const number = await numberOf(name);
      const sectors = Number(await text(join(folder, name, 'size')));
      return number === null || !Number.isSafeInteger(sectors)
        ? null
        : { path: real, number, size: sectors * SECTOR };
    },
  };
}
