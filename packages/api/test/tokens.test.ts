import { GutsError } from '@guts/core';
import { openStore } from '@guts/store';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Api, type ApiOptions, cachedTokens, createApi, type KnownToken } from '../src/index.ts';
import { optionsFor } from './rig.ts';

const PROJECT = 'a'.repeat(32);
const store = await openStore({ url: 'sqlite::memory:' });
/** What the issuer says of each token. */
let known: Record<string, KnownToken | GutsError> = {};
let asked: string[] = [];
let api: Api;

function start(more: Partial<ApiOptions> = {}): Api {
  known = {
    good: {
      caller: { projectId: PROJECT, userId: 'u', roles: ['reader'], system: false },
      expiresAt: Date.now() + 3600_000,
    },
    domain: new GutsError('forbidden', 'the token is valid, but scoped to a domain', { remedy: 'Ask.' }),
    away: new GutsError('identity_unavailable', 'Keystone does not answer'),
  };
  asked = [];
  const clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    // Time passes quickly where the stream pauses.
    sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 10)),
  };
  const lookup = (token: string): Promise<KnownToken | GutsError | null> => {
    asked.push(token);
    const answer = known[token] ?? null;
    const away = answer instanceof GutsError && answer.code === 'identity_unavailable';
    return away ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const authenticate = cachedTokens(lookup, { seconds: 0, clock });
  api = createApi(
    optionsFor(store, { authenticate, clock, challenge: 'Keystone uri="http://k:5000/v3"', ...more }),
  );
  return api;
}
const get = (token: string | null, url = '/v1/sources') =>
  api.inject({ method: 'GET', url, headers: token === null ? {} : { 'x-auth-token': token } });

beforeAll(() => store.upgrade());
afterEach(() => api.close());
afterAll(() => store.close());

test('who has no good token is told how to get one; who has is served', async () => {
  start();
  for (const token of [null, 'bad', 'w/ith blank']) {
    const answer = await get(token);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Keystone uri="http://k:5000/v3"');
  }
  const good = await get('good');
  expect(good.statusCode).toBe(200);
  expect(good.headers['www-authenticate']).toBeUndefined();
});

test('a token that is of no use here is refused with what to do', async () => {
  start();
  const answer = await get('domain');
  expect([answer.statusCode, answer.json().error]).toMatchObject([
    403,
    { guts_code: 'forbidden', remedy: 'Ask.' },
  ]);
});

test('without its issuer the answer is 503, and says when to come again; what is open stays so', async () => {
  start();
  const answer = await get('away');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
  expect(answer.json().error).toMatchObject({ guts_code: 'identity_unavailable' });
  expect((await get('away', '/healthcheck')).statusCode).toBe(200);
});

test('who guesses tokens is held back before the issuer is asked about the next', async () => {
  start({ requestsPerMinute: 60 });
  const statuses: number[] = [];
  for (let count = 0; count < 15; count += 1) statuses.push((await get(`guess-${count}`)).statusCode);
  expect(statuses).toContain(429);
  expect(asked).toHaveLength(statuses.filter((status) => status === 401).length);
  expect(asked.length).toBeLessThan(15);
});

test.each([
  ['the token ends', () => delete known['good'], 'unauthorized'],
  ['the issuer goes away', () => (known['good'] = known['away'] as GutsError), 'identity_unavailable'],
  [
    'the role is taken away',
    () =>
      (known['good'] = {
        ...(known['good'] as KnownToken),
        caller: { projectId: PROJECT, userId: 'u', roles: [], system: false },
      }),
    'forbidden',
  ],
] as const)('an event stream ends when %s', async (_when, change, code) => {
  let time = 0;
  const sleep = async (): Promise<void> => {
    time += 1000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  start({ clock: { now: () => Date.now(), monotonic: () => time, sleep } });
  const address = await api.listen();
  const answer = await fetch(`${address}/v1/events/stream`, { headers: { 'x-auth-token': 'good' } });
  expect(answer.status).toBe(200);
  while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  change();
  expect(await answer.text()).toContain(`: ${code}: the stream ends\n\n`);
});
