import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { GutsError, messageOf } from '@guts/core';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Keeps two rotations from writing the same file, of whose keys one would be lost. Whoever was killed while it held
 * the lock is seen to be gone.
 * @throws GutsError `conflict` while another one holds it
 */
export async function withKeyLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const mine = `${process.pid} ${hostname()}\n`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      writeFileSync(lock, mine, { mode: 0o600, flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new GutsError('configuration', `${lock}: ${messageOf(error)}`, {
          cause: error,
          remedy: 'Run guts secret as a user who may write in the folder of the key file.',
        });
    }
    const [pid = '', host = ''] = readFileSync(lock, 'utf8').trim().split(' ');
    const gone = host === hostname() && /^\d+$/.test(pid) && !isAlive(Number(pid));
    if (!gone || attempt > 3)
      throw new GutsError('conflict', `process ${pid} of host ${host} changes the key file now`, {
        remedy: `Wait for it to end. If it is gone for good, remove ${lock}.`,
      });
    rmSync(lock, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
