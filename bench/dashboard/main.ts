/**
 * `npm run bench:dashboard`: how the dashboard is with many migrations and machines, in Chromium; needs a build.
 * Options: --minutes N (of the board under events; 1 unless told), --migrations N, --instances N, --events N a second.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { startServer } from './server.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    migrations: { type: 'string', default: '500' },
    instances: { type: 'string', default: '10000' },
    events: { type: 'string', default: '60' },
  },
});
const MIB = 2 ** 20;
/** What the numbers are to be. */
const LIMITS = { firstScreenMs: 1500, scriptBytes: 300 * 1024, frameMs: 200 };
const faults: string[] = [];
function tell(what: string, value: number, limit: number | null, unit: string): void {
  const told = `${Math.round(value * 10) / 10} ${unit}`;
  console.log(`${what}: ${told}${limit === null ? '' : ` (at most ${limit} ${unit})`}`);
  if (limit !== null && value > limit) faults.push(`${what}: ${told}`);
}

/** From now on the page keeps the longest time between two frames; milliseconds. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(`{
    globalThis.longest = 0;
    let last = performance.now();
    const next = (now) => {
      globalThis.longest = Math.max(globalThis.longest, now - last);
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }`);
}
const longestFrame = async (page: Page): Promise<number> => Number(await page.evaluate('globalThis.longest'));

async function heap(page: Page): Promise<number> {
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  await client.detach();
  return usedSize;
}

/** Scrolls up and down for a while. */
async function scroll(page: Page, ms: number): Promise<void> {
  await page.locator('.guts-table').hover();
  const end = Date.now() + ms;
  for (let turn = 0; Date.now() < end; turn += 1) {
    await page.mouse.wheel(0, turn % 40 < 20 ? 600 : -600);
    await page.waitForTimeout(50);
  }
}

async function bench(page: Page, url: string, sent: () => number): Promise<void> {
  const scripts: Promise<number>[] = [];
  page.on('requestfinished', (request) => {
    if (new URL(request.url()).pathname.endsWith('.js'))
      scripts.push(request.sizes().then(({ responseBodySize: bytes }) => bytes));
  });
  const began = performance.now();
  await page.goto(`${url}/dashboard/migrations`);
  await page.getByRole('link', { name: 'machine-0000' }).waitFor();
  tell('first screen, the board', performance.now() - began, LIMITS.firstScreenMs, 'ms');
  const script = (await Promise.all(scripts)).reduce((sum, bytes) => sum + bytes, 0);
  tell('its script, compressed', script / 1024, LIMITS.scriptBytes / 1024, 'KiB');

  await page.waitForTimeout(5000);
  const [before, sentBefore] = [await heap(page), sent()];
  await watchFrames(page);
  const minutes = Number(values.minutes);
  await scroll(page, minutes * 60_000);
  const rate = (sent() - sentBefore) / (minutes * 60);
  console.log(
    `the board with ${values.migrations} running migrations, ${rate.toFixed(0)} events a second, scrolled:`,
  );
  tell('  longest frame', await longestFrame(page), LIMITS.frameMs, 'ms');
  const grown = ((await heap(page)) - before) / MIB;
  tell(`  memory grown in ${minutes} min, from ${(before / MIB).toFixed(0)} MiB`, grown, 8, 'MiB');

  await page.goto(`${url}/dashboard/inventory`);
  await page.getByRole('link', { name: 'machine-00000' }).waitFor();
  await watchFrames(page);
  const end = `machine-${String(Number(values.instances) - 1).padStart(5, '0')}`;
  const start = performance.now();
  await page.locator('.guts-table').hover();
  while ((await page.getByRole('link', { name: end }).count()) === 0) await page.mouse.wheel(0, 20_000);
  tell(`${values.instances} machines scrolled to the end`, performance.now() - start, null, 'ms');
  tell('  longest frame', await longestFrame(page), LIMITS.frameMs, 'ms');
  tell('  rows in the page', await page.locator('.guts-table tbody tr').count(), null, 'rows');
}

const path = [process.env['GUTS_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (one) => one !== undefined && existsSync(one),
);
if (path === undefined)
  throw new Error('there is no Chromium: install it, or say where it is (GUTS_CHROMIUM)');
const server = await startServer(join(root, 'dist/dashboard'), {
  migrations: Number(values.migrations),
  instances: Number(values.instances),
  eventsPerSecond: Number(values.events),
});
const browser = await chromium.launch({
  executablePath: path,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.on('pageerror', (error) => faults.push(error.message));
  await bench(page, server.url, server.sent);
} finally {
  await browser.close();
  await server.close();
}
for (const fault of faults) console.error(`NOT WELL: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
