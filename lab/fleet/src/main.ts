/**
 * Many daemons on one database and one broker: moves machines between the fakes while, with `--kill`, one of each
 * daemon is killed; with `--baseline N`, first N machines with one worker, to compare throughput. The database and
 * the broker are told by GUTS_DATABASE_URL, GUTS_DATABASE_PASSWORD_FILE, GUTS_BUS_URL and GUTS_BUS_PASSWORD_FILE; the
 * baseline has a database of its own, GUTS_BASELINE_DATABASE_URL.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Fleet, type FleetResult, type FleetSize } from './fleet.ts';

const GUTS = resolve(dirname(fileURLToPath(import.meta.url)), '../../../packages/app/bin/guts.js');
const { values } = parseArgs({
  options: {
    apis: { type: 'string', default: '2' },
    schedulers: { type: 'string', default: '2' },
    workers: { type: 'string', default: '3' },
    slots: { type: 'string', default: '4' },
    migrations: { type: 'string', default: '24' },
    baseline: { type: 'string' },
    kill: { type: 'boolean', default: false },
  },
});
const began = performance.now();
const say = (text: string): void =>
  console.log(`[${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s] ${text}`);

function backend(baseline: boolean): NodeJS.ProcessEnv {
  const names = ['DATABASE_URL', 'DATABASE_PASSWORD_FILE', 'BUS_URL', 'BUS_PASSWORD_FILE', 'BUS_CA_FILE'];
  const given = names
    .map((name) => [`GUTS_${name}`, process.env[`GUTS_${name}`]] as const)
    .filter(([, value]) => value !== undefined);
  const own = process.env['GUTS_BASELINE_DATABASE_URL'];
  const instead = baseline && own !== undefined ? { GUTS_DATABASE_URL: own } : {};
  return { ...Object.fromEntries(given), ...instead };
}

function upgrade(env: NodeJS.ProcessEnv, folder: string): void {
  const all = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    GUTS_STATE_DIR: join(folder, 'state'),
    ...env,
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [GUTS, 'db', 'upgrade'], {
    env: all,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`guts db upgrade failed: ${stderr}`);
  say(stdout.trim());
}

/** One of each kind dies, at a quarter, a half and three quarters of the way. */
function killer(fleet: Fleet): (share: number) => Promise<void> {
  const plan: { at: number; kind: 'migration' | 'scheduler' | 'api' }[] = [
    { at: 0.2, kind: 'migration' },
    { at: 0.4, kind: 'scheduler' },
    { at: 0.6, kind: 'api' },
  ];
  return async (share) => {
    while (plan[0] && share >= plan[0].at) {
      const next = plan.shift();
      if (next) say(`killed ${await fleet.killOne(next.kind)}`);
    }
  };
}

async function moved(
  folder: string,
  size: FleetSize,
  count: number,
  baseline: boolean,
): Promise<FleetResult> {
  const env = backend(baseline);
  upgrade(env, folder);
  const fleet = await Fleet.open(folder, env, size);
  try {
    say(`up: ${size.apis} api, ${size.schedulers} scheduler, ${size.workers} worker processes`);
    const names = await fleet.machines(count);
    const result = await fleet.move(
      names,
      values.kill && !baseline ? killer(fleet) : () => Promise.resolve(),
      say,
    );
    const rate = ((count / result.seconds) * 60).toFixed(1);
    say(
      `${count} migrations by ${size.workers} workers in ${result.seconds.toFixed(1)} s: ${rate} per minute; of ${result.again} a step was begun again`,
    );
    return result;
  } finally {
    await fleet.stack.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'guts-fleet-'));
const size: FleetSize = {
  apis: Number(values.apis),
  schedulers: Number(values.schedulers),
  workers: Number(values.workers),
  slots: Number(values.slots),
};
const count = Number(values.migrations);
let alone: FleetResult | null = null;
if (values.baseline !== undefined)
  alone = await moved(join(folder, 'one'), { ...size, workers: 1 }, Number(values.baseline), true);
const result = await moved(join(folder, 'many'), size, count, false);
if (alone) {
  const ratio = count / result.seconds / (Number(values.baseline) / alone.seconds);
  say(`throughput of ${size.workers} workers against one: ${ratio.toFixed(2)} times`);
}
const all = alone ? [alone, result] : [result];
const [lost, doubled, corrupt] = [
  all.flatMap((one) => one.lost),
  all.flatMap((one) => one.doubled),
  all.flatMap((one) => one.corrupt),
];
for (const wrong of [...lost, ...doubled, ...corrupt]) say(wrong);
const moves = count + (alone ? Number(values.baseline) : 0);
console.log(
  `${moves} migrations: ${lost.length} lost, ${doubled.length} done twice or left behind, ${corrupt.length} corrupt`,
);
if (lost.length + doubled.length + corrupt.length > 0) {
  process.exitCode = 1;
  say(`logs are kept in ${folder}`);
} else await rm(folder, { recursive: true, force: true });
