import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

function limited(perMinute: number) {
  let now = 0;
  const limit = new RateLimit(perMinute, { monotonic: () => now });
  const passes = (caller: string, times: number): number => {
    let passed = 0;
    for (let n = 0; n < times; n += 1)
      try {
        limit.take(caller);
        passed += 1;
      } catch {
        return passed;
      }
    return passed;
  };
  return { limit, passes, later: (ms: number) => (now += ms) };
}

test('a quiet caller may burst; then it gets what the rate gives, and is told when', () => {
  const { limit, passes, later } = limited(60);
  expect(passes('a', 100)).toBe(10);
  expect(() => limit.take('a')).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: { retry_after: 1 } }),
  );
  later(3000);
  expect(passes('a', 100)).toBe(3);
  later(3_600_000);
  expect(passes('a', 100)).toBe(10);
});

test('callers do not take from each other; looking takes nothing', () => {
  const { limit, passes } = limited(60);
  passes('a', 100);
  expect(passes('b', 5)).toBe(5);
  for (let n = 0; n < 50; n += 1) limit.check('b');
  expect(passes('b', 100)).toBe(5);
  expect(() => limit.check('b')).toThrow(/too many/);
  expect(() => limit.check('unknown')).not.toThrow();
});

test('a slow rate lets one through, and says how long the next takes', () => {
  const { limit, passes } = limited(2);
  expect(passes('a', 9)).toBe(1);
  expect(() => limit.take('a')).toThrow(expect.objectContaining({ details: { retry_after: 30 } }));
});

test('0 is no limit; of very many callers the busy ones are remembered', () => {
  expect(limited(0).passes('a', 100_000)).toBe(100_000);
  const { passes, later } = limited(60);
  passes('busy', 100);
  for (let n = 0; n < 9999; n += 1) passes(`c${n}`, 1);
  later(1000);
  passes('one more', 1);
  expect(passes('busy', 100)).toBeLessThan(10);
});
