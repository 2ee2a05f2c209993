import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, type Log, SILENT_LOG } from '@guts/core';
import { expect, test } from 'vitest';
import { Scratch } from './scratch.ts';

/** A clock whose waits are short. */
const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: (_milliseconds, signal) => delay(20, undefined, signal ? { signal } : {}),
};

function rig(free: () => Promise<number>) {
  const warnings: string[] = [];
  const log: Log = { ...SILENT_LOG, warn: (_fields: object, message: string) => void warnings.push(message) };
  return { scratch: new Scratch(free, { clock, log }), warnings };
}

test('is what is free at that moment', async () => {
  let free = 10;
  const { scratch } = rig(() => Promise.resolve((free -= 1)));
  expect([await scratch.measure(), await scratch.measure()]).toEqual([9, 8]);
});

test('is not known when the folder is gone; that is told once, until it is back', async () => {
  let gone = true;
  const { scratch, warnings } = rig(() => (gone ? Promise.reject(new Error('ENOENT')) : Promise.resolve(5)));
  expect([await scratch.measure(), await scratch.measure()]).toEqual([null, null]);
  expect(warnings).toEqual([expect.stringMatching(/scratch_dir.*ENOENT/)]);
  gone = false;
  expect(await scratch.measure()).toBe(5);
  gone = true;
  expect(await scratch.measure()).toBeNull();
  expect(warnings).toHaveLength(2);
});

test('of a folder that does not answer is not waited for, nor asked again meanwhile', async () => {
  let asked = 0;
  let answer: (bytes: number) => void = () => undefined;
  const { scratch, warnings } = rig(() => {
    asked += 1;
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  expect([await scratch.measure(), await scratch.measure()]).toEqual([null, null]);
  expect(asked).toBe(1);
  expect(warnings).toEqual([expect.stringMatching(/no answer/)]);
  answer(7);
  await delay(0);
  const next = scratch.measure();
  answer(6);
  expect(await next).toBe(6);
  expect(asked).toBe(2);
});
