import { type Bus, DEFAULT_LIMITS, GutsError, SILENT_LOG, type Store } from '@guts/core';
import { expect, test } from 'vitest';
import { Scheduler } from './scheduler.ts';

/** A database that is away for so many calls of each kind. */
function rig(away: number, code: 'database_unavailable' | 'internal') {
  const calls = { heartbeats: 0, rounds: 0 };
  let seen: () => void = () => undefined;
  const round = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const store = {
    heartbeat: () => {
      calls.heartbeats += 1;
      return calls.heartbeats > away
        ? Promise.resolve({ disabled: false, draining: false })
        : Promise.reject(new GutsError(code, 'the database is away'));
    },
    scheduleRound: () => {
      calls.rounds += 1;
      if (calls.rounds <= away) return Promise.reject(new GutsError(code, 'the database is away'));
      seen();
      return Promise.resolve({ waiting: 0, reserved: [] });
    },
    endService: () => Promise.reject(new GutsError('database_unavailable', 'the database is away')),
  } as unknown as Store;
  const bus = { subscribe: () => Promise.resolve(() => Promise.resolve()) } as unknown as Bus;
  const quiet = (): void => undefined;
  const scheduler = new Scheduler({
    id: 's',
    host: 'h',
    version: '0',
    store,
    bus,
    clock: {
      now: () => 0,
      monotonic: () => performance.now(),
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    },
    log: SILENT_LOG,
    limits: DEFAULT_LIMITS,
    aliveSeconds: 30,
    reservationSeconds: 30,
    pollMilliseconds: 1,
    heartbeatMilliseconds: 1,
    nudge: quiet,
  });
  return { scheduler, round, calls };
}

test('a scheduler that starts while the database is away begins when it comes back', async () => {
  const { scheduler, round, calls } = rig(3, 'database_unavailable');
  await scheduler.start();
  await round;
  await scheduler.stop();
  expect(calls.rounds).toBeGreaterThan(3);
});

test('anything else that is wrong with the database ends the start', async () => {
  const { scheduler } = rig(1, 'internal');
  await expect(scheduler.start()).rejects.toMatchObject({ code: 'internal' });
});
