/**
 * Measures how long `guts` takes to start, beside Node itself: the commands take turns, so that whatever else the
 * machine does meets all of them. `npm run build` first.
 * `npm run bench:startup [-- --runs N --check]`; with --check it ends with 1 when a ratio of medians is above its limit.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '21' }, check: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) throw new TypeError('--runs must be a whole number above 0');

const guts = join(resolve(import.meta.dirname, '../..'), 'packages/app/bin/guts.js');
interface Case {
  readonly name: string;
  readonly args: readonly string[];
  /** Most that the median may be of Node's own; null: only shown. */
  readonly limit: number | null;
}
const NODE: Case = { name: 'node -e 0', args: ['-e', '0'], limit: null };
const CASES: readonly Case[] = [
  NODE,
  { name: 'guts --version', args: [guts, '--version'], limit: 2 },
  { name: 'guts --help', args: [guts, '--help'], limit: 2 },
  { name: 'guts migration list', args: [guts, 'migration', 'list'], limit: null },
];

/** Runs it to its end; milliseconds. @throws Error when it fails */
async function time({ name, args }: Case, env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return performance.now() - began;
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? NaN;
}

/** A guts-api without migrations: what is measured is the client. */
const server = createServer((_request, answer) => {
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify({ migrations: [], links: { next: null } }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], GUTS_API: api, GUTS_TOKEN: 'none' };

const times = new Map(CASES.map(({ name }) => [name, [] as number[]]));
// The first round only fills the caches of the disk.
for (let run = 0; run <= runs; run += 1)
  for (const one of CASES) {
    const took = await time(one, env);
    if (run > 0) times.get(one.name)?.push(took);
  }
server.closeAllConnections();
server.close();

const base = median(times.get(NODE.name) ?? []);
let missed = false;
process.stdout.write(`medians of ${runs} runs, in turn\n`);
for (const { name, limit } of CASES) {
  const took = median(times.get(name) ?? []);
  const over = limit !== null && took / base > limit;
  missed ||= over;
  const goal = limit === null ? '' : `  (at most ${limit}${over ? ': MISSED' : ''})`;
  process.stdout.write(
    `${name.padEnd(20)} ${took.toFixed(0).padStart(6)} ms  ${(took / base).toFixed(2)} x${goal}\n`,
  );
}
if (values.check && missed) process.exitCode = 1;
