import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** Whether to skip tests that need these tools (their names say so); never when tools are required. */
export const without = (...tools: string[]): boolean =>
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' &&
  tools.some((tool) => spawnSync(tool, ['--version']).status !== 0);

/** Runs qemu-img; throws with what it said if it fails. */
export function qemuImg(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('qemu-img', args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`qemu-img ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs nbdkit on a socket until the test ends. @returns the address of its export */
export async function nbdkit(socket: string, ...args: string[]): Promise<string> {
  const child = spawn('nbdkit', ['--foreground', '--unix', socket, ...args], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  for (let turn = 0; !existsSync(socket); turn += 1) {
    if (turn > 500) throw new Error('nbdkit does not listen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return `nbd+unix:///?socket=${socket}`;
}
