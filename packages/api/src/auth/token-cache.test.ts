import { GutsError } from '@guts/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../authenticator.ts';
import { cachedTokens, type KnownToken } from './token-cache.ts';

const caller: Caller = { projectId: 'a', userId: 'u', roles: ['reader'], system: false };
let time = 0;
const clock = { now: () => 1_000_000 + time, monotonic: () => time };
let asked: string[] = [];
let answers: Record<string, KnownToken | GutsError | null> = {};
let away = false;
const lookup = (token: string): Promise<KnownToken | GutsError | null> => {
  asked.push(token);
  if (away) return Promise.reject(new GutsError('identity_unavailable', 'away'));
  return Promise.resolve(answers[token] ?? null);
};
const lasting = (seconds: number): KnownToken => ({ caller, expiresAt: 1_000_000 + seconds * 1000 });

beforeEach(() => {
  time = 0;
  asked = [];
  away = false;
  answers = { good: lasting(3600) };
});

describe('a token that is good', () => {
  test('is asked about once in its time, and no longer', async () => {
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    for (time = 0; time < 60_000; time += 10_000) expect(await authenticate('good')).toEqual(caller);
    expect(asked).toEqual(['good']);
    answers = {};
    time = 59_999;
    expect(await authenticate('good')).toEqual(caller);
    time = 60_000;
    expect(await authenticate('good')).toBeNull();
  });
  test('is asked about every time when nothing is to be remembered', async () => {
    const authenticate = cachedTokens(lookup, { seconds: 0, clock });
    await authenticate('good');
    answers = {};
    expect(await authenticate('good')).toBeNull();
    expect(asked).toHaveLength(2);
  });
  test('does not outlive itself', async () => {
    answers = { good: lasting(5) };
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    expect(await authenticate('good')).toEqual(caller);
    time = 5000;
    expect(await authenticate('good')).toBeNull();
  });
  test('serves on while its issuer is away, within its time', async () => {
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    await authenticate('good');
    away = true;
    time = 30_000;
    expect(await authenticate('good')).toEqual(caller);
    await expect(authenticate('other')).rejects.toMatchObject({ code: 'identity_unavailable' });
    time = 60_000;
    await expect(authenticate('good')).rejects.toMatchObject({ code: 'identity_unavailable' });
    away = false;
    expect(await authenticate('good')).toEqual(caller);
  });
  test('is asked about once by all who come together', async () => {
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    const all = await Promise.all([authenticate('good'), authenticate('good'), authenticate('good')]);
    expect(all).toEqual([caller, caller, caller]);
    expect(asked).toHaveLength(1);
  });
  test('is counted from before the question: a slow answer is not kept for longer', async () => {
    const slow = async (token: string): Promise<KnownToken | GutsError | null> => {
      const answer = await lookup(token);
      time += 50_000;
      return answer;
    };
    const authenticate = cachedTokens(slow, { seconds: 60, clock });
    await authenticate('good');
    time = 60_000;
    await authenticate('good');
    expect(asked).toHaveLength(2);
  });
});

describe('a token that is not', () => {
  test.for([
    ['none', null],
    ['an empty one', ''],
    ['one with a blank', 'with blank'],
    ['one that no header can carry', 'übel'],
    ['one that is too long', 'x'.repeat(8193)],
  ] as const)('%s is not even asked about', async ([, token]) => {
    expect(await cachedTokens(lookup, { seconds: 60, clock })(token)).toBeNull();
    expect(asked).toEqual([]);
  });
  test.for([0, 60])('is asked about once in ten seconds, with a cache of %i s', async (seconds) => {
    const authenticate = cachedTokens(lookup, { seconds, clock });
    for (time = 0; time < 10_000; time += 1000) expect(await authenticate('bad')).toBeNull();
    expect(asked).toHaveLength(1);
    expect(await authenticate('bad')).toBeNull();
    expect(asked).toHaveLength(2);
  });
  test('in floods puts out none that is good', async () => {
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    await authenticate('good');
    for (let count = 0; count < 20_001; count += 1) await authenticate(`bad-${count}`);
    asked = [];
    await authenticate('good');
    // The newest are remembered, the oldest forgotten: memory is bounded.
    await authenticate('bad-20000');
    await authenticate('bad-0');
    expect(asked).toEqual(['bad-0']);
  });
  test('of no use here is told as such, and remembered', async () => {
    answers = { domain: new GutsError('forbidden', 'scoped to a domain') };
    const authenticate = cachedTokens(lookup, { seconds: 60, clock });
    for (let count = 0; count < 3; count += 1)
      await expect(authenticate('domain')).rejects.toMatchObject({ code: 'forbidden' });
    expect(asked).toHaveLength(1);
  });
});

test('so many are asked about at once, so many wait, and the rest is told to come back', async () => {
  let most = 0;
  let now = 0;
  const release: (() => void)[] = [];
  const slow = async (): Promise<null> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise<void>((resolve) => release.push(resolve));
    now -= 1;
    return null;
  };
  const authenticate = cachedTokens(slow, { seconds: 60, clock });
  const all = Array.from({ length: 16 + 256 }, (_, index) => authenticate(`t${index}`));
  await expect(authenticate('one-more')).rejects.toMatchObject({
    code: 'identity_unavailable',
    details: { retry_after: 1 },
  });
  for (const _one of all) {
    while (release.length === 0) await Promise.resolve();
    release.shift()?.();
  }
  expect(await Promise.all(all)).toEqual(all.map(() => null));
  expect(most).toBe(16);
});
