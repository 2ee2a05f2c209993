import { expect, test } from 'vitest';
import { CopyRate } from './rate.ts';

const { signal } = new AbortController();

/** Time that passes only while somebody sleeps; a sleep is cut short by its signal. */
function virtualClock() {
  let now = 0;
  return {
    monotonic: () => now,
    async sleep(milliseconds: number, own?: AbortSignal) {
      await new Promise((resolve) => setImmediate(resolve));
      if (own?.aborted === true) throw own.reason as Error;
      now += milliseconds;
    },
  };
}

test('what passes is paid for, but for a quarter of a second after a pause', async () => {
  const clock = virtualClock();
  const rate = new CopyRate(1000, clock);
  const share = rate.open();
  for (let count = 0; count < 10; count += 1) await share.pass(1000, signal);
  expect(clock.monotonic()).toBe(10_000 - 1000 - 250);
});

test('copies take turns, however much each asks for at once', async () => {
  const clock = virtualClock();
  const rate = new CopyRate(1000, clock);
  const [first, second] = [rate.open(), rate.open()];
  const order: string[] = [];
  const ask = async (name: string, share: typeof first): Promise<void> => {
    await share.pass(1000, signal);
    order.push(name);
  };
  await Promise.all([
    ...[1, 2, 3, 4].map(() => ask('first', first)),
    ...[1, 2].map(() => ask('second', second)),
  ]);
  expect(order).toEqual(['first', 'second', 'first', 'second', 'first', 'first']);
});

test('another limit counts at once, also for who waits', async () => {
  let now = 0;
  let wake: () => void = () => undefined;
  const clock = {
    monotonic: () => now,
    sleep: (milliseconds: number, own?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        own?.addEventListener('abort', () => reject(own.reason as Error), { once: true });
        wake = () => {
          now += milliseconds;
          resolve();
        };
      }),
  };
  const rate = new CopyRate(1, clock);
  const share = rate.open();
  await share.pass(1_000_000, signal);
  const waiting = share.pass(1, signal);
  rate.limit(null);
  await waiting;
  expect(now).toBe(0);
  await share.pass(1_000_000, signal);
  rate.limit(10);
  await share.pass(100, signal);
  const slow = share.pass(1, signal);
  await new Promise((resolve) => setImmediate(resolve));
  wake();
  await slow;
  expect(now).toBe(10_000);
  expect(() => rate.limit(0)).toThrow('more than 0');
});

test('who waits no longer is forgotten', async () => {
  const clock = virtualClock();
  const rate = new CopyRate(1000, clock);
  const share = rate.open();
  const gone = new AbortController();
  const [first, second, third] = [
    share.pass(5000, signal),
    share.pass(1_000_000, gone.signal),
    share.pass(10, signal),
  ];
  gone.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  await Promise.all([first, third]);
  expect(clock.monotonic()).toBeLessThan(6000);
});
