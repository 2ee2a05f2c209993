import { expect, test } from 'vitest';
import { AdaptiveDepth } from './depth.ts';

/** A far side: how many bytes per millisecond it brings at a depth. A request is 1000 bytes. */
function run(depth: AdaptiveDepth, tick: (milliseconds: number) => void, speed: (depth: number) => number) {
  const seen: number[] = [];
  for (let count = 0; count < 4000; count += 1) {
    tick(1000 / speed(depth.depth));
    depth.completed(1000);
    seen.push(depth.depth);
  }
  return seen;
}
function make() {
  let now = 0;
  const clock = { monotonic: () => now, sleep: () => Promise.resolve() };
  const tick = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { depth: new AdaptiveDepth(clock), tick };
}
const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('a far side with latency is asked for as much at once as is allowed', () => {
  const { depth, tick } = make();
  const seen = run(depth, tick, (at) => 0.5 * at);
  expect(average(seen.slice(2000))).toBeGreaterThan(13);
  expect(Math.max(...seen)).toBe(16);
});

test('one that gains nothing by more is asked for little at once', () => {
  const { depth, tick } = make();
  expect(average(run(depth, tick, () => 5).slice(2000))).toBeLessThan(3);
});

test('one that has its best in between is asked for about that', () => {
  const { depth, tick } = make();
  const seen = run(depth, tick, (at) => (at <= 8 ? at : 8 - (at - 8) * 0.5));
  expect(average(seen.slice(2000))).toBeGreaterThan(6);
  expect(average(seen.slice(2000))).toBeLessThan(10);
});

test('it follows a far side that changes', () => {
  const { depth, tick } = make();
  run(depth, tick, () => 5);
  expect(average(run(depth, tick, (at) => 0.5 * at).slice(3000))).toBeGreaterThan(12);
});
