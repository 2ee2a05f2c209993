import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Look } from './files.ts';
import type { AskVersion } from './tools.ts';

const VERSION_MS = 10_000;
const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

export const look: Look = async (path) => {
  try {
    const { mode } = await stat(path);
    const [readable, writable] = await Promise.all([may(path, constants.R_OK), may(path, constants.W_OK)]);
    return { mode, readable, writable };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
};

/** Bytes that are free below a folder; null: it is not there. */
export async function freeIn(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Of this process (proc(5)); null on systems without. */
export const processLimits = (): Promise<string | null> =>
  readFile('/proc/self/limits', 'utf8').catch((error: unknown) => {
    if (isGone(error)) return null;
    throw error;
  });

export const askVersion: AskVersion = async (name, signal) => {
  try {
    const { stdout } = await promisify(execFile)(name, ['--version'], { signal, timeout: VERSION_MS });
    return stdout.split('\n')[0]?.trim() ?? '';
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
};
