import { accessSync, constants, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { GutsError, messageOf } from '@guts/core';

/** Makes the state folder (0700) and sees that it can be written. */
export function prepareStateDir(path: string): void {
  prepare(path, 'state', 'state_dir');
}

/** The same for the folder of conversions. */
export function prepareScratchDir(path: string): void {
  prepare(path, 'scratch', 'scratch_dir');
}

function prepare(path: string, what: string, setting: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new GutsError('configuration', `the ${what} folder ${path} cannot be used: ${messageOf(error)}`, {
      cause: error,
      remedy: `Choose another with ${setting} in the configuration or GUTS_${setting.toUpperCase()}.`,
    });
  }
}

/** What may be written below a folder by who is not root; bytes. Rejects when the folder is gone. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return Math.min(bavail * bsize, Number.MAX_SAFE_INTEGER);
}
