import { type Clock, type MigrationStore, SILENT_LOG } from '@guts/core';
import { describe, expect, test } from 'vitest';
import { LeaseKeeper } from './lease-keeper.ts';

/** A clock that only `pass` moves. */
function manualClock() {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => {
          sleepers.delete(one);
          reject(signal?.reason as Error);
        };
        const wake = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const one = { at: now + milliseconds, wake };
        sleepers.add(one);
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      }),
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const pass = async (milliseconds: number): Promise<void> => {
    const end = now + milliseconds;
    for (;;) {
      const [next] = [...sleepers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      sleepers.delete(next);
      now = Math.max(now, next.at);
      next.wake();
      await settle();
    }
    now = end;
    await settle();
  };
  /** The process is stopped meanwhile: no timer fires. */
  const freeze = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { clock, pass, freeze };
}

/** A keeper of a lease of 10 seconds. */
function keeping(renewLease: MigrationStore['renewLease']) {
  const time = manualClock();
  const lease = { migrationId: 'm', workerId: 'w', epoch: 1, seconds: 10 };
  const store = { renewLease } as unknown as MigrationStore;
  const keeper = new LeaseKeeper(lease, { store, clock: time.clock, log: SILENT_LOG });
  keeper.start();
  return { keeper, ...time };
}

const held = (): ReturnType<MigrationStore['renewLease']> =>
  Promise.resolve({ held: true, cancelRequested: false });
const never = (): Promise<never> => new Promise(() => undefined);

describe('a lease', () => {
  test.for([
    ['hangs', never],
    ['fails', () => Promise.reject(new Error('away'))],
  ] as const)(
    'whose renewal %s is lost a fifth before its end, and every signal with it',
    async ([, renew]) => {
      const { keeper, pass } = keeping(renew);
      await pass(7900);
      expect(() => keeper.check()).not.toThrow();
      for (const signal of [keeper.signal, keeper.undoSignal, keeper.lostSignal])
        expect(signal.aborted).toBe(false);
      await pass(100);
      for (const signal of [keeper.signal, keeper.undoSignal, keeper.lostSignal])
        expect(signal.reason).toMatchObject({ code: 'lease_lost' });
      await keeper.stop();
    },
  );

  test('that is renewed is kept', async () => {
    const { keeper, pass } = keeping(held);
    await pass(100_000);
    expect(() => keeper.check()).not.toThrow();
    expect(keeper.signal.aborted).toBe(false);
    await keeper.stop();
    await pass(100_000);
    expect(keeper.lostSignal.aborted).toBe(false);
  });

  test('is refused at once by a process that slept through it, before any timer fires', () => {
    const { keeper, freeze } = keeping(held);
    freeze(60_000);
    expect(() => keeper.check()).toThrow('not renewed in time');
    expect(keeper.signal.aborted).toBe(true);
  });

  test('whose renewal hangs is waited for no longer than it lasts', async () => {
    const { keeper, pass } = keeping(never);
    await pass(4000);
    let stopped = false;
    const stopping = keeper.stop().then(() => (stopped = true));
    await pass(3000);
    expect(stopped).toBe(false);
    await pass(1000);
    await stopping;
    expect(stopped).toBe(true);
  });
});
