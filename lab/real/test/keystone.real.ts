import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { allRoutes } from '@guts/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Keystone, openstack, startKeystone, stopKeystone } from './support/keystone.ts';
import { BINARY, KeystoneApi } from './support/keystone-api.ts';

/** guts-api behind a real Keystone: registered by the real client, as docs/keystone.md says. */
const CACHE_SECONDS = 5;
const password = randomBytes(12).toString('hex');

let keystone: Keystone;
let api: KeystoneApi;
let url = '';
let project = '';
let elsewhere = '';
const users: Record<string, string> = {};

const tokenOf = (user: string, scope = project): Promise<string> => keystone.token({ user, password, scope });
const get = (token: string, path = '/v1/sources'): Promise<Response> =>
  fetch(`${url}${path}`, { headers: { 'x-auth-token': token } });

/** The command line as a user runs it. */
function guts(cloud: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: api.folder, OS_CLIENT_CONFIG_FILE: api.cloudsFile };
  return new Promise((resolve) => {
    execFile(process.execPath, [BINARY, '--os-cloud', cloud, ...args], { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}

beforeAll(async () => {
  keystone = await Keystone.open();
  [project, elsewhere] = [
    await keystone.make('project', 'guts-test'),
    await keystone.make('project', 'guts-else'),
  ];
  for (const role of ['reader', 'member', 'admin', 'service']) {
    const user = await keystone.make('user', `guts-${role}`, { password });
    users[`guts-${role}`] = user;
    await keystone.grant(project, user, role);
  }
  const env = { GUTS_TOKEN_CACHE_SECONDS: String(CACHE_SECONDS) };
  api = await KeystoneApi.start(keystone, { users: Object.keys(users), password, project, env });
  url = api.url;
}, 300_000);

afterAll(async () => {
  await api.close();
  await keystone.removeAll();
}, 120_000);

test('the catalog of a user has the endpoint, and a token of the openstack client works there', async () => {
  const shown = await openstack(api.cloudsFile, 'guts-reader', 'catalog show migration -f json');
  const { endpoints, type } = JSON.parse(shown) as { type: string; endpoints: { url: string }[] };
  expect(type).toBe('migration');
  expect(endpoints.map((one) => one.url)).toEqual([`${url}/v1/${project}`]);
  const token = await openstack(api.cloudsFile, 'guts-reader', 'token issue -f value -c id');
  const answer = await get(token, `/v1/${project}/sources`);
  expect([answer.status, await answer.json()]).toEqual([200, { sources: [], links: { next: null } }]);
});

test('who has no token, or none that is good, is told where Keystone is', async () => {
  for (const token of ['', 'gAAAAABmade-up']) {
    const answer = await get(token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(`Keystone uri="${keystone.url}"`);
  }
});

describe('every route is for the roles it should be', () => {
  const FOR_ADMINS = ['services.list', 'services.update', 'services.remove', 'audit', 'dashboard.link'];
  const FOR_MEMBERS = ['migrations.console'];
  const FOR_READERS = ['preflight.check', 'preflight.summary', 'events.ticket'];
  const RANK = ['guts-service', 'guts-reader', 'guts-member', 'guts-admin'];

  async function served(token: string, prefix: string): Promise<string[]> {
    const names: string[] = [];
    for (const [name, { method, path }] of allRoutes) {
      if (!path.startsWith('/v1/')) continue;
      // Whom the policy refuses never comes so far that the id or the body is looked at.
      const asked = path.replace('/v1', prefix).replaceAll(/:\w+/g, 'nothing-there');
      const answer = await fetch(`${url}${asked}`, { method, headers: { 'x-auth-token': token } });
      // 409: the links of the dashboard are for the local token.
      expect([200, 400, 403, 404, 409], `${name}: ${await answer.text()}`).toContain(answer.status);
      if (answer.status !== 403) names.push(name);
    }
    return names;
  }
  const expected = (user: string): string[] =>
    [...allRoutes].flatMap(([name, { method, path }]) => {
      if (!path.startsWith('/v1/')) return [];
      const looks = (method === 'GET' && !FOR_MEMBERS.includes(name)) || FOR_READERS.includes(name);
      const needed = FOR_ADMINS.includes(name) ? 3 : looks ? 1 : 2;
      return RANK.indexOf(user) >= needed ? [name] : [];
    });

  test.each(RANK)('%s', async (user) => {
    const token = await tokenOf(user);
    expect(await served(token, '/v1')).toEqual(expected(user));
    expect(await served(token, `/v1/${project}`)).toEqual(expected(user));
    // An administrator's token is good for any project, as everywhere in OpenStack; the others' for their own.
    expect(await served(token, `/v1/${elsewhere}`)).toEqual(user === 'guts-admin' ? expected(user) : []);
  });

  test('an administrator of the system, who names the project', async () => {
    const { user, secret } = systemAdmin();
    const token = await keystone.token({ user, password: secret, scope: 'system' });
    expect(await served(token, `/v1/${project}`)).toEqual(expected('guts-admin'));
    expect((await get(token, '/v1/services')).status).toBe(200);
    const unnamed = await get(token);
    expect([unnamed.status, await unnamed.text()]).toEqual([400, expect.stringContaining('/v1/PROJECT-ID')]);
  });
});

function systemAdmin(): { user: string; secret: string } {
  return { user: 'admin', secret: process.env['LAB_PASSWORD'] ?? 'labpass' };
}

describe('a token ends', () => {
  /** What it is answered now, and again once what was remembered of it has to be forgotten. */
  async function aroundEnd(token: string, end: () => Promise<unknown>): Promise<number[]> {
    const before = await get(token);
    await end();
    await sleep(CACHE_SECONDS * 1000 + 100);
    return [before.status, (await get(token)).status];
  }
  test('revoked', async () => {
    const token = await tokenOf('guts-reader');
    expect(await aroundEnd(token, () => keystone.revoke(token))).toEqual([200, 401]);
  });
  test('by its time, however fresh what is remembered of it', async () => {
    const reader = { user: 'guts-reader', password, scope: project };
    const { token, endsAt } = await keystone.shortToken(reader, users['guts-reader'] ?? '', 15);
    const statuses = new Set<number>();
    while (Date.now() < endsAt - 1000) {
      statuses.add((await get(token)).status);
      await sleep(200);
    }
    await sleep(endsAt + 100 - Date.now());
    expect([[...statuses], (await get(token)).status]).toEqual([[200], 401]);
  });
  test('its user disabled', async () => {
    const token = await tokenOf('guts-member');
    const enabled = (yes: boolean) =>
      keystone.request('PATCH', `/users/${users['guts-member']}`, { user: { enabled: yes } });
    expect(await aroundEnd(token, () => enabled(false))).toEqual([200, 401]);
    await enabled(true);
  });
  test('its role taken away', async () => {
    const token = await tokenOf('guts-member');
    const role = await keystone.idOf('role', 'member');
    const path = `/projects/${project}/users/${users['guts-member']}/roles/${role}`;
    expect(await aroundEnd(token, () => keystone.request('DELETE', path))).toEqual([200, 401]);
    await keystone.request('PUT', path);
  });
  test('while it listens to events: the stream ends', async () => {
    const token = await tokenOf('guts-reader');
    const answer = await get(token, '/v1/events/stream');
    expect(answer.status).toBe(200);
    await keystone.revoke(token);
    // Ends by itself, or the test by its deadline.
    expect(await answer.text()).toContain('unauthorized');
  });
});

describe('people sign in to the dashboard', () => {
  interface SignedIn {
    readonly status: number;
    readonly text: string;
    /** As the browser sends it back. */
    readonly cookie: string;
    readonly session: { readonly csrf_token: string; readonly user_name: string; readonly roles: string[] };
  }

  async function signIn(body: object): Promise<SignedIn> {
    const answer = await fetch(`${url}/dashboard/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const [cookie = ''] = answer.headers.getSetCookie().map((one) => one.split(';')[0] ?? '');
    const { session } = JSON.parse(text) as Pick<SignedIn, 'session'>;
    return { status: answer.status, text, cookie, session };
  }
  const byPassword = (user: string, more: object = {}): Promise<SignedIn> =>
    signIn({ password: { user, password, project: 'guts-test', ...more } });
  const asks = (
    cookie: string,
    path: string,
    init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> => fetch(`${url}${path}`, { ...init, headers: { cookie, ...init.headers } });

  test('by user and password: as who they are, until they sign out', async () => {
    const { status, cookie, session } = await byPassword('guts-member');
    expect(status).toBe(200);
    expect(session.user_name).toBe('guts-member');
    const me = (await (await asks(cookie, '/v1/me')).json()) as { user_id: string; roles: string[] };
    expect(me.user_id).toBe(users['guts-member']);
    expect(me.roles).toContain('member');
    const remove = { method: 'DELETE' } as const;
    const forged = await asks(cookie, '/v1/sources/none', remove);
    expect(forged.status).toBe(403);
    const meant = { ...remove, headers: { 'x-csrf-token': session.csrf_token } };
    expect((await asks(cookie, '/v1/sources/none', meant)).status).toBe(404);
    expect((await asks(cookie, '/dashboard/session', remove)).status).toBe(204);
    expect((await asks(cookie, '/v1/me')).status).toBe(401);
  });

  test('by an application credential, which may do what it may', async () => {
    const made = await openstack(
      api.cloudsFile,
      'guts-member',
      'application credential create guts-dashboard --role reader -f json',
    );
    const { id, secret } = JSON.parse(made) as { id: string; secret: string };
    const { status, cookie, text } = await signIn({ application_credential: { id, secret } });
    expect(status).toBe(200);
    expect(text).not.toContain(secret);
    const { roles } = (await (await asks(cookie, '/v1/me')).json()) as { roles: string[] };
    expect(roles).toContain('reader');
    expect(roles).not.toContain('member');
  });

  test.for([
    ['a wrong password', { password: 'wrong' }],
    ['a project that is not theirs', { project: 'guts-else' }],
    ['a project that nobody has', { project: 'nowhere' }],
    ['a domain that nobody has', { user_domain: 'nowhere' }],
  ] as const)('not with %s', async ([, more]) => {
    const { status, text, cookie } = await byPassword('guts-member', more);
    expect(status).toBe(401);
    expect(cookie).toBe('');
    expect(text).not.toContain(password);
    expect(JSON.parse(text)).toMatchObject({ error: { remedy: expect.any(String) as string } });
  });
});

test('the command line finds guts-api by the catalog', async () => {
  const listed = await guts('guts-reader', 'source', 'list', '-f', 'json');
  expect(listed).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(listed.out)).toEqual([]);
  const refused = await guts('guts-reader', 'service', 'list');
  expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('migration:services:list') });
  expect(await guts('guts-admin', 'service', 'list')).toMatchObject({
    code: 0,
    out: expect.stringContaining('guts-api'),
  });
});

test('without Keystone it is 503, and it recovers', async () => {
  const other = await tokenOf('guts-member');
  try {
    await stopKeystone();
    const answer = await get(other);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ error: { guts_code: 'identity_unavailable' } });
    expect((await fetch(`${url}/healthcheck`)).status).toBe(200);
  } finally {
    await startKeystone();
  }
  expect((await get(other)).status).toBe(200);
});
