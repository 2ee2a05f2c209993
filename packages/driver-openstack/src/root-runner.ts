import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunAsRoot } from './nfs/mounts.ts';

const execute = promisify(execFile);
const SECONDS = 120;

/** Runs programs by their name, as this user or by a helper. @param helper such as `sudo -n`; empty: as this user */
export function rootRunner(helper: readonly string[]): RunAsRoot {
  return async (command, args, signal) => {
    const [program = '', ...rest] = [...helper, command, ...args];
    try {
      await execute(program, rest, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(SECONDS * 1000)]),
        env: { PATH: `/usr/sbin:/sbin:${process.env['PATH'] ?? ''}`, LC_ALL: 'C' },
      });
    } catch (error) {
      signal.throwIfAborted();
      const { stderr, message, name } = error as Error & { stderr?: string };
      if (name === 'AbortError')
        throw new Error(`${command} did not end within ${SECONDS} seconds`, { cause: error });
      throw new Error((stderr ?? '').trim() || message, { cause: error });
    }
  };
}
