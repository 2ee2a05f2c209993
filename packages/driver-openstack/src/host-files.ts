import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { GutsError } from '@guts/core';

/** Which files of this worker's host a cloud may name as its volumes, beside those of NFS shares that are mounted. */
export interface HostFiles {
  /** Folders below which volumes are taken wherever they lie. */
  readonly volumeRoots: readonly string[];
  /** Folders below which no volume is ever taken: GUTS's own state. */
  readonly forbidden: readonly string[];
  /** The text of /proc/self/mountinfo. */
  readonly mountInfo: () => Promise<string>;
}

/**
 * By `GUTS_VOLUME_ROOTS`, folders separated by colons, and `GUTS_STATE_DIR`.
 * @throws GutsError `configuration`
 */
export function hostFilesFrom(env: NodeJS.ProcessEnv): HostFiles {
  const volumeRoots = (env['GUTS_VOLUME_ROOTS'] ?? '').split(delimiter).filter((one) => one !== '');
  const odd = volumeRoots.find((one) => !isAbsolute(one));
  if (odd !== undefined)
    throw new GutsError('configuration', `GUTS_VOLUME_ROOTS: "${odd}" is no absolute path`);
  const stateHome = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state');
  return {
    volumeRoots,
    forbidden: [env['GUTS_STATE_DIR'] ?? join(stateHome, 'guts')],
    mountInfo: () => readFile('/proc/self/mountinfo', 'utf8'),
  };
}
