import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Migration, routes } from '@guts/contract';
import { messageOf } from '@guts/core';
import { check, type Wrongs } from './check.ts';
import type { Daemon } from './daemon.ts';
import { type Lane, LEASE_SECONDS } from './lane.ts';
import { listen } from './listen.ts';
import { addMachine, create, perform, removeMachine, type Scenario } from './scenario.ts';
import { killSecond } from './second.ts';
import { isDeadly, outageOf, type Outcome, secondDeathOf, type Strike, type Victim } from './strike.ts';
import { readTrace, type Traced } from './traced.ts';
import { replace, restore, type Started, startVictim, stopVictim } from './victim.ts';

const GONE = 'the victim, which nobody killed, ended by itself';
/** Well past a lease. */
const STUCK_SECONDS = 4 * LEASE_SECONDS;
/** Within which a run ends, from its act, on a busy machine; for every worker that dies. */
const END_SECONDS = 240;
const NOTHING: Wrongs = { ends: [], leaks: [], corrupt: [] };

/** What came of a strike. */
type Aftermath = Pick<Outcome, 'takeOverSeconds' | 'second'>;
const UNKNOWN: Aftermath = { takeOverSeconds: null, second: null };

/** Runs one scenario with one strike, and looks at what is left of both sides. */
export async function run(lane: Lane, strike: Strike): Promise<Outcome> {
  const began = performance.now();
  const { victim: kind, scenario, point, mode } = strike;
  const name = await addMachine(lane, scenario);
  let id = await prepare(lane, scenario, name);
  let hit = false;
  let victim!: Daemon;
  let stopping = false;
  let gone = false;
  let aftermath = Promise.resolve(UNKNOWN);
  const onPoint = async (): Promise<void> => {
    hit = true;
    aftermath = strikeNow(lane, strike, victim, await byName(lane, name), name);
    // Awaited with the end; a failure here is told there.
    aftermath.catch(() => undefined);
    if (isDeadly(mode)) await victim.ended;
  };
  const { url, server } = await listen(onPoint);
  const outcome = (wrongs: Wrongs, after: Aftermath): Outcome => {
    const seconds = (performance.now() - began) / 1000;
    return { ...strike, ...after, id, hit, wrongs, seconds };
  };
  try {
    // Nothing can be awaited within a transaction: there the process kills itself.
    const itself = point.endsWith(':within');
    const points = { GUTS_POINT_AT: point, ...(itself ? {} : { GUTS_POINT_URL: url }) };
    const started = await startVictim(lane, kind, points);
    victim = started.daemon;
    const { ended: death } = victim;
    const watch = async (): Promise<void> => {
      await death;
      if (stopping || (isDeadly(mode) && !itself)) return;
      if (itself) {
        await onPoint();
        return;
      }
      gone = true;
      // What others make of its work is of use as evidence.
      await replace(lane, kind);
    };
    watch().catch(() => undefined); // the end tells
    const client = await started.client();
    id = await perform(lane, client, scenario, name, id);
    // Two workers die one after the other, and each is given the time that one has otherwise.
    const seconds = mode === 'again' ? 2 * END_SECONDS : END_SECONDS;
    await ended(lane, id, scenario, seconds, () => !victim.alive || hit).catch((error: unknown) => {
      throw gone ? new Error(GONE) : error;
    });
    if (gone) throw new Error(GONE);
    // Some points are passed only on the way out.
    stopping = true;
    if (!hit) await stopVictim(victim);
    const after = await aftermath;
    await settle(lane, strike, victim);
    return outcome(await check(lane, id, name, scenario.expected), after);
  } catch (error) {
    id ??= await idOf(lane, name);
    return outcome({ ...NOTHING, ends: [messageOf(error)] }, UNKNOWN);
  } finally {
    stopping = true;
    server.closeAllConnections();
    server.close();
    await restore(lane, kind, victim);
    await removeMachine(lane, name);
  }
}

async function byName(lane: Lane, name: string): Promise<Migration | undefined> {
  const { migrations } = await lane.client.call(routes.migrations.list, { query: { name } });
  return migrations[0];
}

/** For the evidence: null when it was never asked for, or the api does not tell. */
async function idOf(lane: Lane, name: string): Promise<string | null> {
  return byName(lane, name).then(
    (found) => found?.id ?? null,
    () => null,
  );
}

/** Brings the migration, undisturbed, to where the act begins. */
async function prepare(lane: Lane, scenario: Scenario, name: string): Promise<string | null> {
  if (scenario.before === null) return null;
  const { before } = scenario;
  const clear = scenario.hindrance?.(lane);
  try {
    const id = await create(lane, lane.client, scenario, name);
    await lane.stack.until(
      `${name} is ${before} before the strike`,
      async () => (await lane.migration(id)).status === before,
    );
    return id;
  } finally {
    clear?.();
  }
}

/** Strikes. Resolves when others have the work, if they get it. */
async function strikeNow(
  lane: Lane,
  strike: Strike,
  victim: Daemon,
  migration: Migration | undefined,
  name: string,
): Promise<Aftermath> {
  const { victim: kind, mode, scenario } = strike;
  if (mode === 'again') {
    await victim.kill();
    const over = async (): Promise<boolean> => {
      const now = await byName(lane, name);
      return now !== undefined && isOver(now, scenario, true);
    };
    const second = await killSecond(lane, secondDeathOf(strike), over);
    const held = (await byName(lane, name))?.worker_id ?? null;
    const takeOverSeconds = await succession(lane, kind, held, name);
    return { second, takeOverSeconds: second === null ? null : takeOverSeconds };
  }
  const takeOverSeconds = await strikeOne(lane, strike, victim, migration, name);
  return { second: null, takeOverSeconds };
}

/** Strikes in another mode than `again`. @returns seconds until others have the work */
async function strikeOne(
  lane: Lane,
  strike: Strike,
  victim: Daemon,
  migration: Migration | undefined,
  name: string,
): Promise<number | null> {
  const { victim: kind, mode } = strike;
  // What it had may be an operation, which is waited for elsewhere.
  const others = migration
    ? (): Promise<number | null> => succession(lane, kind, migration.worker_id, name)
    : (): Promise<null> =>
        lane.stack
          .until('another may have the work', async () => (await replace(lane, kind), true))
          .then(() => null);
  const outage = outageOf(strike);
  if (outage) {
    const lost = lane.servers?.[mode === 'broker' ? 'broker' : 'database'];
    if (!lost) throw new Error('an embedded lane has no servers to lose');
    lost.cut(outage.loss, outage.seconds);
    // Who loses the broker keeps its work; who loses the database for a moment only, too.
    if (mode === 'broker' || outage.seconds < LEASE_SECONDS) return null;
    return kind === 'worker' ? others() : null;
  }
  if (mode === 'kill') await victim.kill();
  else victim.signal('SIGSTOP');
  const taken = others();
  taken.catch(() => undefined); // told by whoever awaits what is returned
  if (mode === 'stop') {
    const enough = sleep((kind === 'worker' ? STUCK_SECONDS : LEASE_SECONDS + 1) * 1000);
    // A server ends what a sleeping process has begun there, so that others get the work. SQLite has nobody who
    // would: who sleeps in the middle of a transaction holds them all up until it wakes.
    if (kind === 'worker')
      await (migration === undefined ? enough : lane.servers ? taken : Promise.race([taken, enough])).catch(
        () => undefined, // told
      );
    else await enough;
    victim.signal('SIGCONT');
  }
  return taken;
}

/** Lets others go on. @returns seconds until a worker's migration is with another; null for other daemons */
async function succession(
  lane: Lane,
  kind: Victim,
  held: string | null,
  name: string,
): Promise<number | null> {
  const struck = performance.now();
  if (kind !== 'worker') {
    await replace(lane, kind);
    return null;
  }
  // The api may have to wait for a database that the victim holds up.
  await lane.stack.until('another worker may have the work', async () => (await replace(lane, kind), true));
  await lane.stack.until(`${name} is taken over`, async () => {
    const now = await byName(lane, name);
    if (now === undefined) return false;
    return (now.worker_id !== null && now.worker_id !== held) || ENDED.has(now.status);
  });
  return (performance.now() - struck) / 1000;
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'reverted', 'committed']);

async function ended(
  lane: Lane,
  id: string,
  scenario: Scenario,
  seconds: number,
  struck: () => boolean,
): Promise<void> {
  const over = async (): Promise<boolean> => isOver(await lane.migration(id), scenario, struck());
  await lane.stack.until(`the end of ${scenario.name}`, over, seconds);
}

/** @param struck something may have become of it that is not expected */
function isOver({ status }: Migration, { expected, before }: Scenario, struck: boolean): boolean {
  if (status === expected.status) return true;
  // Where an action follows, what was before the action is no end.
  return ENDED.has(status) && status !== before && struck;
}

/** A victim that comes back must have found out that it is late before we look at what it left. */
async function settle(lane: Lane, strike: Strike, victim: Daemon): Promise<void> {
  const { victim: kind, mode } = strike;
  if (isDeadly(mode) || !victim.alive) return;
  victim.signal('SIGCONT');
  await lane.servers?.mended();
  await sleep(1500);
  if (kind !== 'api') await stopVictim(victim);
}

/** What one of the victims told. */
export interface Told extends Traced {
  readonly victim: Victim;
}

export interface Trace {
  readonly told: readonly Told[];
  /**
   * Something was done again without anybody striking, as on a machine that is too busy to renew a lease in time:
   * points may be among them that are not passed otherwise.
   */
  readonly disturbed: boolean;
  readonly outcome: Outcome;
}

/** Finds the points that a scenario passes by running it with victims that only tell. */
export async function trace(lane: Lane, victims: readonly Victim[], scenario: Scenario): Promise<Trace> {
  const began = performance.now();
  const fileOf = (victim: Victim): string => join(lane.stack.folder, `trace-${victim}`);
  for (const victim of victims) await rm(fileOf(victim), { force: true });
  const name = await addMachine(lane, scenario);
  let id = await prepare(lane, scenario, name);
  const outcome = (wrongs: Wrongs): Outcome => {
    const [victim = 'worker'] = victims;
    const strike: Strike = { victim, scenario, point: '', mode: 'none', backend: lane.backend };
    const seconds = (performance.now() - began) / 1000;
    return { ...strike, id, ...UNKNOWN, hit: true, wrongs, seconds };
  };
  const started = new Map<Victim, Started>();
  try {
    for (const victim of victims)
      started.set(victim, await startVictim(lane, victim, { GUTS_POINTS_TRACE: fileOf(victim) }));
    const client = (await started.get('api')?.client()) ?? lane.client;
    id = await perform(lane, client, scenario, name, id);
    await ended(lane, id, scenario, END_SECONDS, () => true);
    const wrongs = await check(lane, id, name, scenario.expected);
    await Promise.all([...started.values()].map(({ daemon }) => stopVictim(daemon)));
    const told = await Promise.all(
      victims.map(async (victim) => ({ victim, ...readTrace(await readFile(fileOf(victim), 'utf8')) })),
    );
    return { told, disturbed: await wasDisturbed(lane, id, scenario), outcome: outcome(wrongs) };
  } catch (error) {
    id ??= await idOf(lane, name);
    const wrongs = { ...NOTHING, ends: [messageOf(error)] };
    return { told: [], disturbed: true, outcome: outcome(wrongs) };
  } finally {
    for (const victim of victims) await restore(lane, victim, started.get(victim)?.daemon);
    await removeMachine(lane, name);
  }
}

async function wasDisturbed(lane: Lane, id: string, { before }: Scenario): Promise<boolean> {
  const { events } = await lane.client.call(routes.migrations.events, {
    params: { id },
    query: { limit: '500' },
  });
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  return count('migration.scheduled') > (before === null ? 1 : 2) || count('migration.retrying') > 0;
}
