import { DEFAULT_LIMITS } from '@guts/core';
import { describe, expect, test } from 'vitest';
import { MIXES } from './mixes.ts';
import { random } from './random.ts';
import { simulate } from './simulate.ts';

const limits = { ...DEFAULT_LIMITS, sourceStreams: 0 };
const run = (mix: (typeof MIXES)[number], seed = 1): ReturnType<typeof simulate> =>
  simulate({ mix, migrations: 400, workers: 8, slots: 4, seed, limits, roundSeconds: 10 });

describe('every mix', () => {
  test.for(MIXES)('$name ends, near its bound, and nobody is overtaken for long', (mix) => {
    const result = run(mix);
    expect(result.ended).toBe(400);
    expect(result.ratio).toBeGreaterThanOrEqual(1);
    expect(result.ratio).toBeLessThan(mix.oversized || mix.keepsComing === true ? 2 : 1.15);
    expect(result.utilisation).toBeLessThanOrEqual(1);
    // An hour is one step of age; and the longest that one which runs can still take.
    expect(result.overtakenSeconds).toBeLessThan(85 * 60);
  });
});

test('the same seed gives the same result, another seed another one', () => {
  const [mix] = MIXES;
  expect(mix && run(mix)).toEqual(mix && run(mix));
  expect(mix && run(mix).makespanSeconds).not.toBe(mix && run(mix, 2).makespanSeconds);
});

test('plans that compete as equals get equal parts', () => {
  const plans = MIXES.find((one) => one.name === 'plans');
  const equal = plans && {
    ...plans,
    jobs: (size: Parameters<typeof plans.jobs>[0]) =>
      plans.jobs(size).map((job) => ({ ...job, priority: 0 })),
  };
  expect(equal && run(equal).fairness).toBeGreaterThan(0.9);
});

test('random numbers lie from 0 up to 1, spread evenly, and do not repeat soon', () => {
  const next = random(7);
  const drawn = Array.from({ length: 10_000 }, next);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(drawn.reduce((sum, one) => sum + one, 0) / drawn.length).toBeCloseTo(0.5, 1);
  expect(new Set(drawn).size).toBeGreaterThan(9_990);
});
