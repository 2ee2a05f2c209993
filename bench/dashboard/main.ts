/**
 * Measures the dashboard in a real Chromium: its first screen, and how it bears a night shift: 10,000 instances, 500
 * migrations that run, 60 events a second. `npm run bench:dashboard [-- --minutes N --rounds N --check]`; with --check
 * it ends with 1 when a limit is missed. Started by run.sh. Nothing else may run meanwhile: a frame waits for whoever
 * has the processor.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { databaseOf, startApi } from './api.ts';
import { firstScreen, signedIn, Watched } from './screens.ts';
import { makeWorld, type World } from './world.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    instances: { type: 'string', default: '10000' },
    migrations: { type: 'string', default: '500' },
    rate: { type: 'string', default: '60' },
    check: { type: 'boolean', default: false },
  },
});
function whole(name: 'rounds' | 'instances' | 'migrations' | 'rate'): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`--${name} must be a whole number above 0`);
  return value;
}
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new TypeError('--minutes must be a number above 0');
const KIB = 1024;
const MIB = 2 ** 20;
const LIMITS = {
  firstMs: 1500,
  scriptBytes: 300 * KIB,
  frameMs: 200,
  heapGrowth: 1.1,
  lateMs: 3000,
} as const;
/** In which lists fill, code is compiled, and what is held for a while is held; then it is watched. Seconds. */
const WARM_UP = Math.min(120, minutes * 20);

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const missed: string[] = [];
function judge(what: string, value: number, most: number, unit: string): void {
  const met = value <= most;
  if (!met) missed.push(what);
  print(`  ${met ? 'met   ' : 'MISSED'} ${what}: ${value.toFixed(0)} ${unit} (at most ${most.toFixed(0)})`);
}

/** Something happens so many times a second, until it is stopped. @returns how often it did */
async function live(world: World, rate: number, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  let done = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate);
    for (; done < due && !signal.aborted; done += 1) await world.happen();
    await sleep(5);
  }
  return done;
}

const folder = await mkdtemp(join(tmpdir(), 'guts-bench-dashboard-'));
const size = { instances: whole('instances'), migrations: whole('migrations') };
print(
  `${size.instances} instances, ${size.migrations} migrations that run (load ${loadavg()[0]?.toFixed(1)})`,
);
// Makes database and keys.
const api = await startApi(folder);
const world = await makeWorld(databaseOf(folder), size);
const browser = await chromium.launch({
  executablePath: process.env['GUTS_CHROMIUM'] ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  await measureFirstScreen();
  await measureLive('the board', '/dashboard/migrations');
  await measureLive('the inventory', `/dashboard/inventory?source=${world.sourceId}`);
} finally {
  await browser.close();
  await api.stop();
  await world.close();
  await rm(folder, { recursive: true, force: true });
}
if (missed.length > 0) print(`missed: ${missed.join('; ')}`);
if (values.check && missed.length > 0) process.exitCode = 1;

async function measureFirstScreen(): Promise<void> {
  const seen = [];
  for (let round = 0; round < whole('rounds'); round += 1) {
    const context = await signedIn(browser, await api.link());
    seen.push(await firstScreen(context, api.url, size.migrations));
    await context.close();
  }
  const [median] = seen
    .toSorted((one, other) => one.milliseconds - other.milliseconds)
    .slice(Math.floor(seen.length / 2));
  if (!median) throw new RangeError('nothing was measured');
  print(`first screen: ${seen.map(({ milliseconds }) => milliseconds.toFixed(0)).join(', ')} ms`);
  print(
    `  script: ${(median.sentBytes / KIB).toFixed(0)} KiB sent, ${(median.gzipBytes / KIB).toFixed(0)} KiB as gzip`,
  );
  judge('first screen', median.milliseconds, LIMITS.firstMs, 'ms');
  judge('script of the first screen as it is sent', median.sentBytes / KIB, LIMITS.scriptBytes / KIB, 'KiB');
}

async function measureLive(what: string, path: string): Promise<void> {
  const context = await signedIn(browser, await api.link());
  const stop = new AbortController();
  let happening = Promise.resolve(0);
  try {
    const watched = await Watched.open(context, `${api.url}${path}`);
    await watched.page.getByRole('row').filter({ hasText: 'machine' }).first().waitFor();
    happening = live(world, whole('rate'), stop.signal);
    print(`${what}, ${values.rate} events a second for ${minutes} min, scrolled`);
    await judgeFrames(what, watched);
    if (path.endsWith('/migrations')) await judgeFreshness(watched);
  } finally {
    stop.abort();
    print(`  ${await happening} events`);
    await context.close();
  }
}

/** How long its frames are while things happen, and whether its memory grows. */
async function judgeFrames(what: string, watched: Watched): Promise<void> {
  await watched.scroll(WARM_UP * 1000);
  const before = await watched.heap('collected');
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 60_000;
  await watched.watch();
  while (since() < minutes) {
    await watched.scroll(Math.min(60_000, minutes * 30_000));
    const { longest } = await watched.frames();
    const heap = (await watched.heap('counted')) / MIB;
    print(`  ${since().toFixed(1)} min: heap ${heap.toFixed(1)} MiB, longest frame ${longest.toFixed(0)} ms`);
  }
  const { longest, over, count } = await watched.frames();
  const after = await watched.heap('collected');
  print(`  ${count} frames, longer than 50/100/200 ms: ${over.join('/')}`);
  print(`  heap ${(before / MIB).toFixed(1)} to ${(after / MIB).toFixed(1)} MiB without garbage`);
  judge(`${what}: longest frame`, longest, LIMITS.frameMs, 'ms');
  judge(
    `${what}: heap at the end, of that at the start`,
    (after / before) * 100,
    LIMITS.heapGrowth * 100,
    '%',
  );
}

/** What happens last is seen, soon: nothing was lost on the way. */
async function judgeFreshness({ page }: Watched): Promise<void> {
  const name = world.next;
  await page.getByLabel('Part of a name').fill(name);
  await world.complete();
  const began = performance.now();
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  await row.filter({ hasText: /completed/i }).waitFor({ timeout: 10 * LIMITS.lateMs });
  judge('the board: until an end is shown', performance.now() - began, LIMITS.lateMs, 'ms');
}
