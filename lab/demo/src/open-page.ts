import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What opens a page where somebody sits before a screen; null: nobody does, or it is not known how. */
export function openerOf(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | null {
  if (platform === 'darwin') return 'open';
  const screen = env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '';
  return platform === 'linux' && screen !== '' ? 'xdg-open' : null;
}

/**
 * Has the browser of who sits here open a link that signs in. The link stands in a file that nobody else may read, and
 * in no command line.
 * @returns whether it was asked to
 */
export async function openPage(link: string, folder: string): Promise<boolean> {
  const opener = openerOf(process.platform, process.env);
  if (opener === null) return false;
  const page = join(folder, 'dashboard.html');
  await writeFile(page, `<!doctype html><meta http-equiv="refresh" content="0;url=${link}">\n`, {
    mode: 0o600,
  });
  const child = spawn(opener, [page], { stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
  } catch {
    // Not installed: the link is printed all the same.
    return false;
  }
  child.unref();
  return true;
}
