import { readFile } from 'node:fs/promises';

/** Which files of this worker's host a cloud may name as its volumes, beside those of NFS shares that are mounted. */
export interface HostFiles {
  /** Folders below which volumes are taken wherever they lie. */
  readonly volumeRoots: readonly string[];
  /** Folders below which no volume is ever taken: GUTS's own state. */
  readonly forbidden: readonly string[];
  /** The text of /proc/self/mountinfo. */
  readonly mountInfo: () => Promise<string>;
}

/** @param stateDir GUTS's own: no volume lies there */
export function hostFiles(volumeRoots: readonly string[], stateDir: string): HostFiles {
  return {
    volumeRoots,
    forbidden: [stateDir],
    mountInfo: () => readFile('/proc/self/mountinfo', 'utf8'),
  };
}
