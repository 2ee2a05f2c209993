import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser of this machine; GUTS_CHROMIUM says which. Null: there is none. */
function findChromium(): string | null {
  const said = process.env['GUTS_CHROMIUM'];
  if (said !== undefined && said !== '') return said;
  const folders = (process.env['PATH'] ?? '').split(':');
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

const path = findChromium();

/** Whether to skip tests that need Chromium (their names say so); never when tools are required. */
export const withoutChromium =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' &&
  (path === null || spawnSync(path, ['--version'], { stdio: 'ignore' }).status !== 0);

/** What a skipped test says of itself. */
export const NEEDS_CHROMIUM = withoutChromium ? ' (skipped: needs Chromium)' : '';

/** @throws Error when there is none */
export function launchChromium(): Promise<Browser> {
  if (path === null) throw new Error('there is no Chromium: install it, or say where it is (GUTS_CHROMIUM)');
  return chromium.launch({
    executablePath: path,
    // Root has no sandbox; what is opened is our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}
