/**
 * `npm run demo`: a fake vCenter and a fake OpenStack on loopback, the real `guts all` between them, and three
 * machines moved through its real API. `--keep` leaves everything running, and opens the dashboard.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { apiWatchSource, reportText, watchMigrations } from '@guts/cli';
import { type ApiClient, made, type Operation, routes } from '@guts/contract';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { type RunningDaemon, startDaemon } from './daemon.ts';
import { openPage } from './open-page.ts';
import { type DemoMachine, demoMachines } from './machines.ts';
import { prove } from './prove.ts';
import { besideLimit } from './time-limit.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
/** Seconds: of everything, installing and building too, and of the migrations in it. */
const LIMITS = { whole: 300, migrations: 40 };
const began = performance.now();
/** When `npm run demo` began, before it installed and built: milliseconds since 1970. */
const commandBegan = Number(process.env['GUTS_DEMO_BEGAN'] ?? Date.now());
const since = (from: number): number => (performance.now() - from) / 1000;
const say = (text: string): void => console.log(`[${since(began).toFixed(1).padStart(5)} s] ${text}`);

async function finished(client: ApiClient, operation: Operation): Promise<void> {
  for (;;) {
    const { operation: now } = await client.call(routes.operations.show, { params: { id: operation.id } });
    if (now.status === 'done') return;
    if (now.status === 'failed') throw new Error(`${now.kind} failed: ${JSON.stringify(now.error)}`);
    await sleep(100);
  }
}

async function connect(client: ApiClient, vcenter: VCenter, cloud: Cloud): Promise<void> {
  const { source } = await client.call(routes.sources.create, {
    body: {
      name: 'vcenter',
      driver: 'vsphere',
      settings: { url: vcenter.url, username: vcenter.username, fingerprint: vcenter.fingerprintSha256 },
      secret: { password: vcenter.password },
    },
  });
  const [, user] = cloud.users;
  if (!user) throw new Error('the fake cloud has no second user');
  const { destination } = await client.call(routes.destinations.create, {
    body: {
      name: 'cloud',
      driver: 'openstack',
      settings: {
        auth_url: cloud.authUrl,
        username: user.name,
        project_name: user.project,
        user_domain_id: 'default',
        project_domain_id: 'default',
        volume_access: 'device',
      },
      secret: { password: user.password },
    },
  });
  for (const action of ['validate', 'refresh'] as const) {
    const started = await client.call(routes.sources.act, { params: { id: source.id }, body: { action } });
    await finished(client, started.operation);
  }
  const body = { action: 'validate' as const };
  const { operation } = await client.call(routes.destinations.act, { params: { id: destination.id }, body });
  await finished(client, operation);
}

async function migrate(client: ApiClient, machines: readonly DemoMachine[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { spec, move } of machines) {
    const body = {
      source: 'vcenter',
      destination: 'cloud',
      instance: spec.name,
      mapping: { networks: { '*': { network: 'private' } } },
      ...move,
    };
    ids.push(made(await client.call(routes.migrations.create, { body })).id);
  }
  const { signal } = new AbortController();
  await watchMigrations(apiWatchSource(client), ids, { out: process.stdout, signal });
  return ids;
}

/** True when every machine is where it belongs, byte for byte. */
async function tell(
  client: ApiClient,
  ids: readonly string[],
  vcenter: VCenter,
  cloud: Cloud,
): Promise<boolean> {
  let well = true;
  console.log('\nReport');
  for (const id of ids) {
    const { report, bytesCompared, faults } = await prove(client, id, vcenter, cloud);
    console.log(`\n${reportText(report)}`);
    const checked = `${bytesCompared} bytes compared by an independent checker`;
    console.log(faults.length === 0 ? `  ${checked}: equal` : `  NOT WELL: ${faults.join('; ')}`);
    well &&= faults.length === 0;
  }
  return well;
}

async function demo(folder: string): Promise<boolean> {
  for (const name of ['disks', 'vcenter', 'cloud', 'guts'])
    await mkdir(join(folder, name), { recursive: true });
  say('making three machines');
  const machines = await demoMachines(join(folder, 'disks'));
  const vcenter = await startVCenter({
    stateDir: join(folder, 'vcenter'),
    machines: machines.map((one) => one.spec),
    extraMachines: 20,
  });
  let cloud: Cloud | null = null;
  let daemon: RunningDaemon | null = null;
  try {
    cloud = await startCloud({ stateDir: join(folder, 'cloud') });
    say(`fake vCenter on ${vcenter.url}, fake OpenStack on ${cloud.authUrl}`);
    daemon = await startDaemon(root, join(folder, 'guts'), join(folder, 'cloud'));
    say(`guts all on ${daemon.url}`);
    await connect(daemon.client, vcenter, cloud);
    say('source and destination are valid, the inventory is read; migrating');
    const start = performance.now();
    const ids = await migrate(daemon.client, machines);
    const took = since(start);
    say(`migrations took ${took.toFixed(1)} s`);
    const well = await tell(daemon.client, ids, vcenter, cloud);
    say(well ? 'all well' : 'NOT all well');
    const whole = (Date.now() - commandBegan) / 1000;
    console.log(`The demo took ${besideLimit(whole, LIMITS.whole)}.`);
    console.log(`Its migrations took ${besideLimit(took, LIMITS.migrations)}.`);
    if (options.keep) {
      console.log(
        `\nStill running: GUTS_API=${daemon.url} GUTS_TOKEN_FILE=${daemon.tokenFile} (Ctrl-C ends it)`,
      );
      const { url: link } = await daemon.client.call(routes.dashboard.link);
      const opened = await openPage(link, folder);
      console.log(`The dashboard${opened ? ', which your browser opens now' : ''}: ${link}`);
      await once(process, 'SIGINT');
    }
    return well;
  } finally {
    await daemon?.stop();
    await cloud?.close();
    await vcenter.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'guts-demo-'));
try {
  process.exitCode = (await demo(folder)) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
