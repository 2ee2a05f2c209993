import type { ApiClient } from '@guts/contract';
import type { Daemon } from './daemon.ts';
import type { Lane } from './lane.ts';
import type { Victim } from './strike.ts';

const DAEMONS = { worker: 'migration', scheduler: 'scheduler', api: 'api' } as const;
/** Longer than GUTS_STOP_SECONDS and what closing may take beside; seconds. */
const STOP_SECONDS = 45;

export interface Started {
  readonly daemon: Daemon;
  /** Through which the act is asked for, once it answers. */
  readonly client: () => Promise<ApiClient>;
}

/** The victim alone does its kind of work; the others wait until it is struck. */
export async function startVictim(lane: Lane, kind: Victim, points: NodeJS.ProcessEnv): Promise<Started> {
  const host = 'victim';
  const env = { ...lane.servers?.tapped, ...points };
  if (kind === 'api') {
    const { daemon, port } = await lane.stack.spawnApi(host, null, env);
    // One that dies before it answers leaves its clients to the other api.
    const client = (): Promise<ApiClient> => lane.stack.answering(port, daemon).catch(() => lane.client);
    return { daemon, client };
  }
  if (kind === 'worker') await lane.useSurvivor(false);
  else await lane.scheduler.stop();
  const daemon = lane.stack.start(DAEMONS[kind], host, env);
  return { daemon, client: () => Promise.resolve(lane.client) };
}

/** Lets another do the victim's kind of work. */
export async function replace(lane: Lane, kind: Victim): Promise<void> {
  if (kind === 'scheduler' && !lane.scheduler.alive) lane.startScheduler();
  if (kind === 'worker') await lane.useSurvivor(true);
}

/** Tells it to stop, and waits for that. @throws Error when it does not */
export async function stopVictim(victim: Daemon): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), STOP_SECONDS * 1000);
  const stopped = victim.stop().then(() => true);
  const tooLate = new Promise<false>((done) => {
    late.signal.addEventListener('abort', () => done(false));
  });
  const done = await Promise.race([stopped, tooLate]);
  clearTimeout(timer);
  if (!done) throw new Error(`the victim was told to stop and did not within ${STOP_SECONDS} seconds`);
}

/** Everything as the next run wants it. */
export async function restore(lane: Lane, kind: Victim, victim: Daemon | undefined): Promise<void> {
  lane.servers?.mend();
  await victim?.kill();
  if (kind === 'scheduler' && !lane.scheduler.alive) lane.startScheduler();
  if (kind === 'worker')
    await lane.stack.until('the survivor works again', async () => (await lane.useSurvivor(true), true));
}
