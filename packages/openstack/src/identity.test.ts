import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScriptedCloud, startScriptedCloud } from '../test/scripted-cloud.ts';
import { type CloudAuth, OpenStackSession } from './index.ts';

const signal = AbortSignal.timeout(20_000);
let cloud: ScriptedCloud;

beforeEach(async () => {
  cloud = await startScriptedCloud();
});
afterEach(() => cloud[Symbol.asyncDispose]());

async function bodyFor(auth: CloudAuth, scoped: boolean): Promise<unknown> {
  const { project, ...rest } = cloud.config;
  const config = { ...rest, auth, ...(scoped && project ? { project } : {}) };
  const session = await OpenStackSession.open(config, { signal });
  await session.close();
  return JSON.parse(cloud.logins[0]?.body.toString() ?? '');
}

const SCOPE = { project: { name: 'one', domain: { id: 'default' } } };

// Bodies as in the Identity API reference, "Authentication and token management".
test.for<[string, CloudAuth, boolean, unknown]>([
  [
    'a user by id needs no domain',
    { type: 'password', user: { id: 'u', domain: { name: 'ignored' } }, password: 'p' },
    true,
    {
      identity: { methods: ['password'], password: { user: { id: 'u', password: 'p' } } },
      scope: SCOPE,
    },
  ],
  [
    'an application credential by id',
    { type: 'application_credential', id: 'a', secret: 's' },
    false,
    { identity: { methods: ['application_credential'], application_credential: { id: 'a', secret: 's' } } },
  ],
  [
    'an application credential by name',
    { type: 'application_credential', name: 'n', user: { name: 'u', domain: { name: 'd' } }, secret: 's' },
    false,
    {
      identity: {
        methods: ['application_credential'],
        application_credential: { name: 'n', user: { name: 'u', domain: { name: 'd' } }, secret: 's' },
      },
    },
  ],
  [
    'a token',
    { type: 'token', token: 't' },
    true,
    { identity: { methods: ['token'], token: { id: 't' } }, scope: SCOPE },
  ],
])('%s', async ([, auth, scoped, body]) => {
  expect(await bodyFor(auth, scoped)).toEqual({ auth: body });
});

test.for<[CloudAuth, number, RegExp]>([
  [{ type: 'token', token: 't' }, 404, /token or project is wrong/],
  [{ type: 'token', token: 't' }, 401, /token or project is wrong/],
  [{ type: 'application_credential', id: 'a', secret: 's' }, 401, /application credential is wrong/],
  [{ type: 'password', user: { id: 'u', domain: {} }, password: 'p' }, 404, /is auth_url a Keystone v3/],
])('%j that meets %i is told in words', async ([auth, status, message]) => {
  const json = { error: { code: status, message: 'no', title: 'No' } };
  cloud.on('POST /v3/auth/tokens', () => ({ status, json }));
  await expect(OpenStackSession.open({ ...cloud.config, auth }, { signal })).rejects.toThrow(message);
});

test.for([
  [{ text: 'hello' }, /is no JSON/],
  [{ json: {} }, /no user or no end/],
  [{ json: { token: { user: {}, expires_at: 'never' } } }, /no user or no end/],
  [{ json: { token: { user: {}, expires_at: '2030-01-01T00:00:00.000000Z' } } }, /scoped to no project/],
] as const)('an answer of %j is refused in words', async ([reply, message]) => {
  const headers = { 'x-subject-token': 't' };
  cloud.on('POST /v3/auth/tokens', () => ({ status: 201, headers, ...reply }));
  await expect(OpenStackSession.open(cloud.config, { signal })).rejects.toThrow(message);
});
