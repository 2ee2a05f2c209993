import { expect, test } from 'vitest';
import { WaitError } from './errors.ts';
import { waitFor } from './wait.ts';

const options = { deadlineSeconds: 5, what: 'the moon', firstMs: 1, signal: AbortSignal.timeout(20_000) };

test('looks until there is something', async () => {
  let looks = 0;
  expect(await waitFor(async () => ((looks += 1) === 4 ? looks : null), options)).toBe(4);
});

test('something that counts as false is something', async () => {
  expect(await waitFor(async () => 0, options)).toBe(0);
});

test('says what it waited for in vain', async () => {
  const wait = waitFor(async () => null, { ...options, deadlineSeconds: 0.02 });
  await expect(wait).rejects.toThrow(new WaitError('waited 0.02 seconds for the moon, in vain'));
});

test('ends when its caller says so', async () => {
  const controller = new AbortController();
  const wait = waitFor(async () => null, {
    ...options,
    firstMs: 60_000,
    deadlineSeconds: 600,
    signal: controller.signal,
  });
  setImmediate(() => controller.abort(new Error('enough')));
  await expect(wait).rejects.toThrow('enough');
});

test('passes on what a look throws', async () => {
  await expect(waitFor(() => Promise.reject(new TypeError('odd')), options)).rejects.toThrow('odd');
});

test.each([0.3, 1, 3.4, 10, 60, 600])(
  'what comes after %d s is seen little later, by few looks',
  async (seconds) => {
    let now = 0;
    let looks = 0;
    const clock = { monotonic: () => now, pause: async (milliseconds: number) => void (now += milliseconds) };
    const look = async (): Promise<true | null> => {
      looks += 1;
      return now >= seconds * 1000 ? true : null;
    };
    const { firstMs: _swift, ...others } = options;
    await waitFor(look, { ...others, deadlineSeconds: 3600, clock });
    expect(now - seconds * 1000).toBeLessThanOrEqual(Math.min(3000, Math.max(250, (seconds * 1000) / 10)));
    expect(looks).toBeLessThanOrEqual(36 + seconds / 3);
  },
);

test('where a look costs much, what is not there soon is left in peace for a while', async () => {
  let now = 0;
  const looks: number[] = [];
  const clock = { monotonic: () => now, pause: async (milliseconds: number) => void (now += milliseconds) };
  const look = async (): Promise<true | null> => {
    looks.push(now);
    return now >= 4000 ? true : null;
  };
  await waitFor(look, {
    ...options,
    firstMs: 250,
    longestMs: 3000,
    deadlineSeconds: 60,
    quietMs: 3000,
    clock,
  });
  expect(looks.map(Math.round)).toEqual([0, 250, 3000, 3300, 3630, 3993, 4392]);
});
