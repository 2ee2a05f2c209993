import { spawnSync } from 'node:child_process';

/** Whether to skip tests that need qemu-img (their names say so); never when tools are required. */
export const withoutQemu =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync('qemu-img', ['--version']).status !== 0;

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs qemu-img; throws with what it said if it fails. */
export const qemuImg = (...args: string[]): string => run('qemu-img', args);

/**
 * The same for what makes keys: qemu-img times itself to choose how hard they are to guess, and gives up on a busy
 * machine ("Unable to get accurate CPU usage"). Up to ten times.
 */
export function qemuImgUnderLoad(...args: string[]): string {
  for (let tries = 1; ; tries += 1)
    try {
      return qemuImg(...args);
    } catch (error) {
      if (tries === 10 || !String(error).includes('accurate CPU usage')) throw error;
    }
}

/** Runs a command of qemu-io, which comes with qemu-img, on a qcow2 file. */
export const qemuIo = (command: string, path: string): string =>
  run('qemu-io', ['-f', 'qcow2', '-c', command, path]);

/** The same of tests that need qemu-nbd. */
export const withoutQemuNbd =
  withoutQemu ||
  (process.env['GUTS_REQUIRE_TOOLS'] !== '1' &&
    ['qemu-nbd', 'setpriv'].some((tool) => spawnSync(tool, ['--version']).status !== 0));
