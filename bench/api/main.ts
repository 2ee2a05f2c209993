/**
 * Measures guts-api beside a real Cinder and a real Nova: lists of 100 and single objects, requests per second and
 * slow answers. Started by run.sh, which tells the database (GUTS_DATABASE_URL) and the cloud (OS_CLIENT_CONFIG_FILE).
 * `npm run bench:api [-- --seconds N --rounds N --connections N --cloud NAME --check]`; with --check it ends with 1
 * when a ratio is missed.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Prepared, prepareCloud } from './cloud.ts';
import { seed } from './seed.ts';
import { type Figures, wrk } from './wrk.ts';
import { freePort } from '../../lab/real/test/support/free-port.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '4' },
    cloud: { type: 'string', default: 'lab' },
    check: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const load = { seconds: Number(values.seconds), connections: Number(values.connections) };
const GUTS = resolve(import.meta.dirname, '../../packages/app/bin/guts.js');
/** Objects in a list, and in each project. */
const COUNT = 100;
/** Migrations of other projects, among which those of ours lie. */
const OTHERS = 2000;
const WARM_UPS = 5;
/** How many times the requests per second of Cinder and of Nova. */
const GOALS = { list: 15, show: 8 } as const;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

type What = keyof typeof GOALS;
interface Peer {
  readonly name: string;
  readonly urls: Readonly<Record<What, string>>;
}

/** guts-api as it ships. @returns its address and how to stop it */
async function startApi(folder: string, cloud: Prepared): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    GUTS_STATE_DIR: folder,
    GUTS_DATABASE_URL: process.env['GUTS_DATABASE_URL'],
    GUTS_LISTEN_PORT: String(port),
    GUTS_REQUESTS_PER_MINUTE: '0',
    GUTS_LOG_LEVEL: 'warn',
    GUTS_AUTH: 'keystone',
    GUTS_KEYSTONE_CLOUD: values.cloud,
    OS_CLIENT_CONFIG_FILE: process.env['OS_CLIENT_CONFIG_FILE'],
  };
  const child = spawn(process.execPath, [GUTS, 'api'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const url = `http://127.0.0.1:${port}/v1`;
  for (let tries = 0; tries < 150 && child.exitCode === null; tries += 1) {
    const answer = await fetch(`${url}/migrations?limit=1`, {
      headers: { 'x-auth-token': cloud.token },
    }).catch(() => null);
    if (answer?.ok) return { url, stop };
    await sleep(200);
  }
  await stop();
  throw new Error('guts-api does not answer with the token: see above');
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;

async function measure(peers: readonly Peer[], token: string): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures[]>();
  const each = async (work: (key: string, url: string) => Promise<void>): Promise<void> => {
    for (const what of ['list', 'show'] as const)
      for (const { name, urls } of peers) await work(`${name} ${what}`, urls[what]);
  };
  // Fills caches, and what compiles as it runs.
  await each(async (_key, url) => {
    for (let n = 0; n < WARM_UPS; n += 1)
      await (await fetch(url, { headers: { 'x-auth-token': token } })).arrayBuffer();
  });
  // They take turns, so that whatever else the machine does meets all of them.
  for (let round = 0; round < rounds; round += 1)
    await each(async (key, url) => {
      found.set(key, [...(found.get(key) ?? []), await wrk({ url, token, ...load })]);
    });
  return new Map(
    [...found].map(([key, all]) => [
      key,
      {
        perSecond: median(all.map((one) => one.perSecond)),
        p50: median(all.map((one) => one.p50)),
        p99: median(all.map((one) => one.p99)),
      },
    ]),
  );
}

function report(figures: ReadonlyMap<string, Figures>): readonly string[] {
  const missed: string[] = [];
  for (const what of ['list', 'show'] as const) {
    const ours = figures.get(`guts ${what}`);
    if (!ours) throw new Error('guts-api was not measured');
    print(what === 'list' ? `list of ${COUNT}, in full` : 'one object');
    for (const name of ['guts', 'cinder', 'nova']) {
      const one = figures.get(`${name} ${what}`);
      if (!one) continue;
      const ratio = ours.perSecond / one.perSecond;
      const beside =
        name === 'guts' ? '' : `; ours answers ${ratio.toFixed(1)} times as many (at least ${GOALS[what]})`;
      print(
        `  ${name.padEnd(7)} ${one.perSecond.toFixed(1).padStart(8)} per second, half within ${one.p50.toFixed(1)} ms, 99 % within ${one.p99.toFixed(1)} ms${beside}`,
      );
      if (name !== 'guts' && ratio < GOALS[what]) missed.push(`${what} beside ${name}: ${ratio.toFixed(1)}`);
    }
  }
  return missed;
}

const database = process.env['GUTS_DATABASE_URL'];
const file = process.env['OS_CLIENT_CONFIG_FILE'];
if (database === undefined || file === undefined) throw new Error('start it by npm run bench:api');
const folder = await mkdtemp(join(tmpdir(), 'guts-bench-'));
print(`preparing ${COUNT} servers and ${COUNT} volumes in the cloud, and as many migrations`);
const cloud = await prepareCloud(file, values.cloud, COUNT);
try {
  const ids = await seed(database, { [cloud.project]: COUNT, [randomUUID().replaceAll('-', '')]: OTHERS });
  const api = await startApi(folder, cloud);
  try {
    const { compute, volume } = cloud;
    const middle = Math.floor(COUNT / 2);
    const peers: readonly Peer[] = [
      {
        name: 'guts',
        urls: {
          list: `${api.url}/migrations?limit=${COUNT}`,
          show: `${api.url}/migrations/${ids[middle]}`,
        },
      },
      {
        name: 'cinder',
        urls: {
          list: `${volume}/volumes/detail?limit=${COUNT}`,
          show: `${volume}/volumes/${cloud.volumes[middle]}`,
        },
      },
      {
        name: 'nova',
        urls: {
          list: `${compute}/servers/detail?limit=${COUNT}`,
          show: `${compute}/servers/${cloud.servers[middle]}`,
        },
      },
    ];
    for (const { name, urls } of peers) {
      const answer = await fetch(urls.list, { headers: { 'x-auth-token': cloud.token } });
      const [list] = Object.values((await answer.json()) as Record<string, unknown[]>);
      if (list?.length !== COUNT) throw new Error(`${name} lists ${list?.length} instead of ${COUNT}`);
    }
    print(`${load.connections} requests in flight, ${rounds} rounds of ${load.seconds} s each, medians`);
    const missed = report(await measure(peers, cloud.token));
    if (missed.length > 0) print(`missed: ${missed.join('; ')}`);
    if (values.check && missed.length > 0) process.exitCode = 1;
  } finally {
    await api.stop();
  }
} finally {
  await cloud.remove();
  await rm(folder, { recursive: true, force: true });
}
