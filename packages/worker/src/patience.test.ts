import { type Clock, GutsError } from '@guts/core';
import { expect, test } from 'vitest';
import { Patience, pausesWithin } from './patience.ts';

const away = (): GutsError => new GutsError('destination_unreachable', 'away', { transient: true });

function setUp(pauses: readonly number[]) {
  let now = 0;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
  };
  const patience = new Patience({ clock, pauses, onPause: () => undefined });
  return { patience, slept, pass: (milliseconds: number) => (now += milliseconds) };
}

const never = new AbortController().signal;

test.for([
  [0, []],
  [1, [1_000]],
  [2, [1_000, 1_000]],
  [75, [1_000, 2_000, 4_000, 8_000, 16_000, 44_000]],
] as const)('within %i s', ([seconds, pauses]) => {
  expect(pausesWithin(seconds)).toEqual(pauses);
});

test('pauses grow to a minute and are as long as asked for, all together', () => {
  const pauses = pausesWithin(3600);
  expect(pauses.reduce((sum, one) => sum + one, 0)).toBe(3_600_000);
  expect(pauses.slice(0, -1)).toEqual(pauses.slice(0, -1).toSorted((a, b) => a - b));
  expect(Math.max(...pauses)).toBeLessThan(120_000);
});

test('pauses grow as given, and the last failure is thrown', async () => {
  const { patience, slept } = setUp([1, 5, 20]);
  await expect(patience.through(() => Promise.reject(away()), never)).rejects.toThrow('away');
  expect(slept).toEqual([1, 5, 20]);
});

test('pauses are shared by all that is tried through one', async () => {
  const { patience, slept } = setUp([1, 5]);
  const once = () => {
    let failed = false;
    return async (): Promise<string> => {
      if (failed) return Promise.resolve('done');
      failed = true;
      throw away();
    };
  };
  expect(await patience.through(once(), never)).toBe('done');
  expect(await patience.through(once(), never)).toBe('done');
  await expect(patience.through(once(), never)).rejects.toThrow('away');
  expect(slept).toEqual([1, 5]);
});

test('after a try that got far the pauses begin anew', async () => {
  const { patience, slept, pass } = setUp([1, 5]);
  let tries = 0;
  const work = (): Promise<string> => {
    tries += 1;
    pass(10 * 60_000);
    return tries < 10 ? Promise.reject(away()) : Promise.resolve('done');
  };
  expect(await patience.through(work, never)).toBe('done');
  expect(slept).toEqual(Array.from({ length: 9 }, () => 1));
});

test('an abort ends it', async () => {
  const { patience } = setUp([1]);
  const stop = new AbortController();
  const work = (): Promise<never> => {
    stop.abort(new Error('stopped'));
    return Promise.reject(away());
  };
  await expect(patience.through(work, stop.signal)).rejects.toThrow('away');
});
