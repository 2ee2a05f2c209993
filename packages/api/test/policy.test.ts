import { openStore } from '@guts/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { optionsFor, putEnds } from './rig.ts';

const store = await openStore({ url: 'sqlite::memory:' });
const PROJECT = 'a'.repeat(32);
/** The token is the role; all are of one project. */
const api = createApi(
  optionsFor(store, {
    authenticate: (token) =>
      Promise.resolve(
        token === null ? null : { projectId: PROJECT, userId: 'u', roles: [token], system: false },
      ),
  }),
);
beforeAll(async () => {
  await store.upgrade();
  await putEnds(store);
});
afterAll(async () => {
  await api.close();
  await store.close();
});

test.each([
  ['reader', 'GET', '/v1/sources', 200],
  ['stranger', 'GET', '/v1/sources', 403],
  ['reader', 'DELETE', '/v1/sources/s1', 403],
  // Of another project: it is not told that there is one.
  ['member', 'DELETE', '/v1/sources/s1', 404],
  ['member', 'GET', '/metrics', 403],
  ['admin', 'GET', '/metrics', 200],
  ['stranger', 'GET', '/v1/events/stream', 403],
  ['member', 'GET', '/v1/audit', 403],
  ['admin', 'GET', '/v1/audit', 200],
  ['member', 'GET', `/v1/${'b'.repeat(32)}/sources`, 403],
  ['admin', 'GET', `/v1/${'b'.repeat(32)}/sources`, 200],
] as const)('%s: %s %s is answered %i', async (token, method, url, status) => {
  const answer = await api.inject({ method, url, headers: { 'x-auth-token': token } });
  expect(answer.statusCode).toBe(status);
  expect(answer.body.includes('"guts_code":"forbidden"')).toBe(status === 403);
});
