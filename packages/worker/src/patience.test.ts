import { type Clock, GutsError } from '@guts/core';
import { expect, test } from 'vitest';
import { Patience } from './patience.ts';

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
