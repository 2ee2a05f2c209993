import type { Daemon } from './daemon.ts';
import type { Lane } from './lane.ts';
import { listen } from './listen.ts';
import { stopVictim } from './victim.ts';

/** Points that come by the clock, whatever is worked on. */
const BY_CLOCK = /^store\.(?:heartbeat|claimOperation)\b/;
const TAKEN = 'store.acquireLease:after';

/** Counts the points of a worker's work from when it has a lease on it. */
export class Countdown {
  #left: number;
  #taken = false;

  /** @param nth of these points, from 1 */
  constructor(nth: number) {
    this.#left = nth;
  }

  /** Whether this one is the nth. */
  passes(point: string): boolean {
    if (!this.#taken) {
      this.#taken = point === TAKEN;
      return false;
    }
    if (BY_CLOCK.test(point)) return false;
    this.#left -= 1;
    return this.#left === 0;
  }
}

/**
 * A second worker takes over, and is killed at the nth point of what it then does.
 * @param over whether there is nothing left to do
 * @returns the point; null: all was done before. @throws Error when it ends by itself, or never does anything
 */
export async function killSecond(
  lane: Lane,
  nth: number,
  over: () => Promise<boolean>,
): Promise<string | null> {
  const countdown = new Countdown(nth);
  const death: { at: string | null } = { at: null };
  let second: Daemon | null = null;
  const { url, server } = await listen(async (point) => {
    if (!countdown.passes(point)) return;
    death.at = point;
    await second?.kill();
  });
  try {
    const points = { GUTS_POINT_AT: '*', GUTS_POINT_URL: url };
    const daemon = lane.stack.start('migration', 'second', { ...lane.servers?.tapped, ...points });
    second = daemon;
    await lane.stack.until('the second victim is struck, or all is done', async () => {
      if (death.at !== null) return !daemon.alive;
      if (!daemon.alive) throw new Error('the second victim, which nobody killed, ended by itself');
      return over();
    });
    if (death.at === null) await stopVictim(daemon);
    return death.at;
  } finally {
    await second?.kill();
    server.closeAllConnections();
    server.close();
  }
}
