import { spawnSync } from 'node:child_process';

/** Whether to skip tests that need qemu-img (their names say so); never when tools are required. */
export const withoutQemu =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync('qemu-img', ['--version']).status !== 0;

/** Runs qemu-img; throws with what it said if it fails. */
export function qemuImg(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('qemu-img', args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`qemu-img ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

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
