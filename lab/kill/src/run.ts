import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, type Migration, routes } from '@guts/contract';
import { check, type Wrongs } from './check.ts';
import type { Daemon } from './daemon.ts';
import type { Lane } from './lane.ts';
import { act, addMachine, create, type Scenario } from './scenario.ts';

/** What happens at the point: the process dies, or it sleeps for longer than its lease, or its peer goes away. */
export type Mode = 'kill' | 'stop' | 'database' | 'broker';
export type Victim = 'worker' | 'scheduler' | 'api';

export interface Strike {
  readonly victim: Victim;
  readonly scenario: Scenario;
  readonly point: string;
  readonly mode: Mode;
}

export interface Outcome extends Strike {
  /** Whether the point was passed at all. */
  readonly hit: boolean;
  readonly wrongs: Wrongs;
  /** From the death of a worker to the next lease; seconds. */
  readonly takeOverSeconds: number | null;
  readonly seconds: number;
}

/** What the harness does to the world at a point. Resolves when the victim may go on, if it still can. */
export interface Blows {
  /** Cuts every connection of the lane to its database. */
  cutDatabase?(): Promise<void>;
  /** Kills the broker and starts it again. */
  restartBroker?(): Promise<void>;
}

const DAEMONS = { worker: 'migration', scheduler: 'scheduler', api: 'api' } as const;
const NOTHING: Wrongs = { ends: [], leaks: [], corrupt: [] };

/** Hears of the point being reached, does what the mode says, and answers. */
async function listen(onPoint: () => Promise<void>): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, reply) => {
    void onPoint().finally(() => reply.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** Runs one scenario with one strike, and looks at what is left of both sides. */
export async function run(lane: Lane, strike: Strike, blows: Blows): Promise<Outcome> {
  const began = performance.now();
  const { victim: kind, scenario, point, mode } = strike;
  const name = await addMachine(lane);
  const id = await prepare(lane, scenario, name);
  let hit = false;
  let victim!: Daemon;
  let takeOver: Promise<number | null> = Promise.resolve(null);
  const { url, server } = await listen(async () => {
    hit = true;
    const held = (await byName(lane, name))?.worker_id ?? null;
    if (mode === 'kill') await victim.kill();
    if (mode === 'stop') victim.signal('SIGSTOP');
    if (mode === 'database') await blows.cutDatabase?.();
    if (mode === 'broker') await blows.restartBroker?.();
    if (mode === 'kill' || mode === 'stop') {
      takeOver = succession(lane, kind, victim, mode, held, name);
      // Awaited with the end; a failure here is told there.
      takeOver.catch(() => undefined);
    }
  });
  try {
    const points = { GUTS_POINT_AT: point, GUTS_POINT_URL: url };
    const started = await startVictim(lane, kind, points);
    victim = started.daemon;
    const client = await started.client();
    const asked = id ?? (await create(lane, client, scenario, name));
    if (id !== null) await act(lane, client, scenario, asked);
    await ended(lane, asked, scenario, () => !victim.alive || hit);
    // Some points are passed only on the way out.
    if (!hit) await victim.stop();
    const takeOverSeconds = await takeOver;
    await settle(kind, victim, mode);
    const wrongs = await check(lane, asked, name, scenario.expected);
    return { ...strike, hit, wrongs, takeOverSeconds, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    const wrongs = { ...NOTHING, ends: [error instanceof Error ? error.message : String(error)] };
    return { ...strike, hit, wrongs, takeOverSeconds: null, seconds: (performance.now() - began) / 1000 };
  } finally {
    server.closeAllConnections();
    server.close();
    await restore(lane, kind, victim);
    await lane.stack.vcenter.removeMachine(name).catch(() => undefined); // a wrong end may hold it: it was told
  }
}

async function byName(lane: Lane, name: string): Promise<Migration | undefined> {
  const { migrations } = await lane.client.call(routes.migrations.list, { query: { name } });
  return migrations[0];
}

/** Brings the migration, undisturbed, to where the act begins. */
async function prepare(lane: Lane, scenario: Scenario, name: string): Promise<string | null> {
  if (scenario.before === null) return null;
  const { before } = scenario;
  const id = await create(lane, lane.client, scenario, name);
  await lane.stack.until(
    `${name} is ${before} before the strike`,
    async () => (await lane.migration(id)).status === before,
  );
  return id;
}

/** The victim alone does its kind of work; the others wait until it is struck. */
async function startVictim(lane: Lane, kind: Victim, points: NodeJS.ProcessEnv): Promise<Started> {
  const host = 'victim';
  if (kind === 'api') {
    const { daemon, port } = await lane.stack.spawnApi(host, null, points);
    // One that dies before it answers leaves its clients to the other api.
    const client = (): Promise<ApiClient> => lane.stack.answering(port, daemon).catch(() => lane.client);
    return { daemon, client };
  }
  if (kind === 'worker') await lane.useSurvivor(false);
  else await lane.scheduler.stop();
  const daemon = lane.stack.start(DAEMONS[kind], host, points);
  return { daemon, client: () => Promise.resolve(lane.client) };
}

interface Started {
  readonly daemon: Daemon;
  /** Through which the act is asked for, once it answers. */
  readonly client: () => Promise<ApiClient>;
}

/** Lets the survivors go on; a victim that sleeps is woken once another has its work. */
async function succession(
  lane: Lane,
  kind: Victim,
  victim: Daemon,
  mode: Mode,
  held: string | null,
  name: string,
): Promise<number | null> {
  const struck = performance.now();
  if (kind === 'scheduler') lane.startScheduler();
  if (kind === 'worker') await lane.useSurvivor(true);
  let seconds: number | null = null;
  if (kind === 'worker') {
    await lane.stack.until(`${name} is taken over`, async () => {
      const now = await byName(lane, name);
      if (now === undefined) return false;
      return (now.worker_id !== null && now.worker_id !== held) || ENDED.has(now.status);
    });
    seconds = (performance.now() - struck) / 1000;
  } else if (mode === 'stop') await sleep(4000);
  if (mode === 'stop') victim.signal('SIGCONT');
  return seconds;
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'reverted', 'committed']);

async function ended(lane: Lane, id: string, scenario: Scenario, struck: () => boolean): Promise<void> {
  await lane.stack.until(`the end of ${scenario.name}`, async () => {
    const now = await lane.migration(id);
    if (now.status === scenario.expected.status) return true;
    // Where an action follows, what was before the action is no end.
    return ENDED.has(now.status) && now.status !== scenario.before && struck();
  });
}

/** A woken victim must have found out that it is late before we look at what it left. */
async function settle(kind: Victim, victim: Daemon, mode: Mode): Promise<void> {
  if (mode !== 'stop' || !victim.alive) return;
  victim.signal('SIGCONT');
  await sleep(1500);
  if (kind === 'api') return;
  await victim.stop();
}

/** Everything as the next run wants it. */
async function restore(lane: Lane, kind: Victim, victim: Daemon | undefined): Promise<void> {
  await victim?.kill();
  if (kind === 'scheduler' && !lane.scheduler.alive) lane.startScheduler();
  if (kind === 'worker')
    await lane.stack.until('the survivor works again', async () => (await lane.useSurvivor(true), true));
}

/** The points that a scenario passes, in their order, found by running it with a victim that only tells. */
export async function trace(lane: Lane, kind: Victim, scenario: Scenario): Promise<readonly string[]> {
  const file = join(lane.stack.folder, 'trace');
  await rm(file, { force: true });
  const name = await addMachine(lane);
  const id = await prepare(lane, scenario, name);
  const started = await startVictim(lane, kind, { GUTS_POINTS_TRACE: file });
  const { daemon } = started;
  try {
    const client = await started.client();
    const asked = id ?? (await create(lane, client, scenario, name));
    if (id !== null) await act(lane, client, scenario, asked);
    await ended(lane, asked, scenario, () => true);
    const { ends, leaks, corrupt } = await check(lane, asked, name, scenario.expected);
    const wrong = [...ends, ...leaks, ...corrupt];
    if (wrong.length > 0) throw new Error(`${scenario.name}, undisturbed: ${wrong.join('; ')}`);
    await daemon.stop();
  } finally {
    await restore(lane, kind, daemon);
    await lane.stack.vcenter.removeMachine(name).catch(() => undefined);
  }
  const text = await readFile(file, 'utf8');
  return [...new Set(text.split('\n').filter((line) => line !== ''))];
}
