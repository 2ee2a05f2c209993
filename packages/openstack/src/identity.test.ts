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

test.for<[CloudAuth['type'], number, string, RegExp]>([
  [
    'token',
    403,
    'not authorized to perform the requested action: rescope a scoped token.',
    /rescope a scoped/,
  ],
  ['password', 400, 'Expecting to find domain in project.', /find domain in project\. \(HTTP 400\)/],
  [
    'password',
    401,
    'The password is expired and needs to be changed for user: u.',
    /is wrong: The password is/,
  ],
  ['password', 401, 'The request you have made requires authentication.', /project is wrong$/],
])("Keystone's own reason is told: %s %i %s", async ([type, code, said, message]) => {
  const auth: CloudAuth = type === 'token' ? { type, token: 'geheim' } : cloud.config.auth;
  const json = { error: { code, message: said, title: 'No' } };
  cloud.on('POST /v3/auth/tokens', () => ({ status: code, json }));
  const opened = OpenStackSession.open({ ...cloud.config, auth }, { signal });
  await expect(opened).rejects.toMatchObject({ code: 'login', message: expect.stringMatching(message) });
});

test('a refusal of something that is no Keystone is not taken for its word', async () => {
  cloud.on('POST /v3/auth/tokens', () => ({ status: 403, text: '<h1>Forbidden</h1> by proxy' }));
  await expect(OpenStackSession.open(cloud.config, { signal })).rejects.toThrow(/is auth_url a Keystone v3/);
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
