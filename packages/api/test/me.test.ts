import type { Me } from '@guts/contract';
import { openStore } from '@guts/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi, Policy } from '../src/index.ts';
import { optionsFor } from './rig.ts';

const PROJECT = 'a'.repeat(32);
const store = await openStore({ url: 'sqlite::memory:' });
const policy = new Policy({ 'migration:mappings:remove': 'rule:admin' });
/** The token is a role, or several; `system` says that it is of the system. */
const api = createApi(
  optionsFor(store, {
    policy,
    authenticate: (token) => {
      const roles = (token ?? '').split('+');
      const system = roles.includes('system');
      return Promise.resolve({ projectId: system ? null : PROJECT, userId: 'u', roles, system });
    },
  }),
);
beforeAll(() => store.upgrade());
afterAll(async () => {
  await api.close();
  await store.close();
});
async function me(token: string, path = '/v1/me'): Promise<Me> {
  return (await api.inject({ method: 'GET', url: path, headers: { 'x-auth-token': token } })).json() as Me;
}

test('tells who asks', async () => {
  expect(await me('reader')).toMatchObject({
    user_id: 'u',
    project_id: PROJECT,
    roles: ['reader'],
    system: false,
  });
});

test('a reader looks, a member changes, an administrator does the rest: as the policy in force has it', async () => {
  const allowed = async (token: string): Promise<string[]> => (await me(token)).allowed;
  const [reader, member, admin] = [await allowed('reader'), await allowed('member'), await allowed('admin')];
  expect(reader).toContain('migration:migrations:list');
  expect(reader).not.toContain('migration:migrations:create');
  expect(member).toContain('migration:migrations:create');
  expect(member).not.toContain('migration:services:update');
  // The policy file says otherwise than what is built in.
  expect(member).not.toContain('migration:mappings:remove');
  const ours = [...policy.rules.keys()].filter((name) => name.startsWith('migration:'));
  expect(admin).toEqual(ours);
});

test('is about the project that the path names', async () => {
  const other = 'b'.repeat(32);
  expect(await me('admin', `/v1/${other}/me`)).toMatchObject({ project_id: other });
  const refused = await api.inject({
    method: 'GET',
    url: `/v1/${other}/me`,
    headers: { 'x-auth-token': 'member' },
  });
  expect(refused.statusCode).toBe(403);
});

test('tells a token of the system what it may without a project', async () => {
  const { project_id: project, system, allowed } = await me('system+admin');
  expect([project, system]).toEqual([null, true]);
  expect(allowed).toContain('migration:services:update');
});
