import { GutsError, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type Api,
  type ApiOptions,
  type ApplicationCredentialLogin,
  cachedTokens,
  type Caller,
  createApi,
  type GotToken,
  type PasswordLogin,
} from '../src/index.ts';
import { Browser, recordingLog } from './browser.ts';
import { optionsFor } from './rig.ts';

const PROJECT = 'a'.repeat(32);
const HOUR = 3600_000;
const PASSWORD = 'geheim-des-benutzers';
const LOGIN = { password: { user: 'ada', password: PASSWORD, project: 'one' } };
const CREDENTIAL = { application_credential: { id: 'cred', secret: PASSWORD } };

let store: Store;
let now = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
/** What Keystone was asked, what it says of tokens, and how it answers logins and revocations. */
let asked: (PasswordLogin | ApplicationCredentialLogin)[] = [];
let revoked: string[] = [];
let callers: Map<string, Caller>;
let answer: () => Promise<GotToken>;
let revoke: () => Promise<void>;
const log = recordingLog();
const apis: Api[] = [];

function serve(more: Partial<ApiOptions> = {}): Api {
  const ask = (login: PasswordLogin | ApplicationCredentialLogin): Promise<GotToken> => {
    asked.push(login);
    return answer();
  };
  const api = createApi(
    optionsFor(store, {
      clock,
      log,
      authenticate: cachedTokens(
        (token) => {
          const caller = callers.get(token);
          return Promise.resolve(caller ? { caller, expiresAt: now + HOUR } : null);
        },
        { seconds: 0, clock },
      ),
      logins: {
        by: 'keystone',
        keystone: {
          byPassword: ask,
          byApplicationCredential: ask,
          revoke: (token) => {
            revoked.push(token);
            return revoke();
          },
        },
      },
      ...more,
    }),
  );
  apis.push(api);
  return api;
}
const away = (): Promise<never> =>
  Promise.reject(
    new GutsError('identity_unavailable', 'Keystone does not answer, so nobody can sign in', {
      cause: new Error('connect ECONNREFUSED'),
    }),
  );

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  [asked, revoked] = [[], []];
  callers = new Map([
    ['kt-1', { projectId: PROJECT, userId: 'u1', roles: ['member', 'reader'], system: false }],
  ]);
  answer = () =>
    Promise.resolve({ token: 'kt-1', expiresAt: now + HOUR, userName: 'Ada <b>', projectName: 'one' });
  revoke = () => Promise.resolve();
});
afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
  await store.close();
});

test('a password is asked of Keystone, and whoever it is acts in that project', async () => {
  const browser = new Browser(serve());
  expect(await browser.session()).toEqual({ login: ['password', 'application_credential'], session: null });
  expect(await browser.signIn(LOGIN)).toMatchObject({
    user_id: 'u1',
    user_name: 'Ada <b>',
    project_id: PROJECT,
    project_name: 'one',
    roles: ['member', 'reader'],
    expires_at: new Date(now + HOUR).toISOString(),
  });
  expect(asked).toEqual([
    { user: 'ada', userDomain: null, password: PASSWORD, project: 'one', projectDomain: null },
  ]);
  const made = await browser.ask('POST', '/v1/mappings', { name: 'one', mapping: {} });
  expect(made.status).toBe(201);
  expect((await store.listMappings({ projectId: PROJECT }, { limit: 10 })).map(({ name }) => name)).toEqual([
    'one',
  ]);
  expect(await store.listMappings({ projectId: 'local' }, { limit: 10 })).toEqual([]);
});

test('the domains are those that are named', async () => {
  const password = { ...LOGIN.password, user_domain: 'people', project_domain: 'work' };
  await new Browser(serve()).signIn({ password });
  expect(asked).toMatchObject([{ userDomain: 'people', projectDomain: 'work' }]);
});

test('an application credential is asked of Keystone', async () => {
  await new Browser(serve()).signIn(CREDENTIAL);
  expect(asked).toEqual([{ id: 'cred', secret: PASSWORD }]);
});

test('there are no links here: their code lets nobody in, and none are made', async () => {
  const api = serve();
  expect(api.dashboardLink()).toBeNull();
  const { status, text } = await new Browser(api).ask('POST', '/dashboard/session', { link: { code: 'x' } });
  expect(status).toBe(400);
  expect(text).toContain('password or application_credential');
  callers.set('admin', { projectId: PROJECT, userId: 'root', roles: ['admin'], system: false });
  const refused = await api.inject({
    method: 'POST',
    url: '/v1/dashboard/links',
    headers: { 'x-auth-token': 'admin', host: 'guts.test:7000' },
  });
  expect(refused.statusCode).toBe(409);
  expect(refused.json().error.remedy).toContain('http://guts.test:7000/dashboard/');
});

test('who is refused by Keystone is told why, and gets no cookie', async () => {
  answer = () =>
    Promise.reject(new GutsError('unauthorized', 'password is wrong', { remedy: 'Mind the domains.' }));
  const browser = new Browser(serve());
  const { status, body, headers } = await browser.ask('POST', '/dashboard/session', LOGIN);
  expect(status).toBe(401);
  expect((body as { error: object }).error).toMatchObject({
    guts_code: 'unauthorized',
    message: 'password is wrong',
    remedy: 'Mind the domains.',
  });
  expect(headers['set-cookie']).toBeUndefined();
});

test('a Keystone that is away is told as that, at the login and later, and ends no session', async () => {
  const api = serve();
  const browser = new Browser(api);
  await browser.signIn(LOGIN);
  answer = away;
  const { status, headers } = await new Browser(api).ask('POST', '/dashboard/session', LOGIN);
  expect([status, headers['retry-after']]).toEqual([503, '5']);
  const later = new Browser(serve({ authenticate: away }));
  later.cookie = browser.cookie;
  for (const url of ['/dashboard/session', '/v1/me']) expect((await later.ask('GET', url)).status).toBe(503);
  expect(later.cookie).not.toBeNull();
});

test('so many ask Keystone at once, so many wait, and the rest is told to come again', async () => {
  const release: (() => void)[] = [];
  answer = async () => {
    await new Promise<void>((resolve) => release.push(resolve));
    throw new GutsError('unauthorized', 'no');
  };
  const api = serve();
  const attempts = Array.from({ length: 73 }, async (_, n) => {
    // Each from an address of its own.
    const remoteAddress = `10.0.0.${n}`;
    const payload = LOGIN;
    return (await api.inject({ method: 'POST', url: '/dashboard/session', remoteAddress, payload }))
      .statusCode;
  });
  const first = await Promise.race(attempts);
  expect(first).toBe(503);
  expect(asked).toHaveLength(8);
  const ends = Promise.all(attempts);
  while (asked.length < 72 || release.length > 0) {
    release.shift()?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const refused = (await ends).filter((status) => status === 401);
  expect(refused).toHaveLength(72);
});

test('a token that no cookie can hold is refused with what to do', async () => {
  const token = 'x'.repeat(3500);
  callers.set(token, { projectId: PROJECT, userId: 'u1', roles: ['reader'], system: false });
  answer = () => Promise.resolve({ token, expiresAt: now + HOUR, userName: null, projectName: null });
  const { status, text } = await new Browser(serve()).ask('POST', '/dashboard/session', LOGIN);
  expect(status).toBe(501);
  expect(text).toContain('fernet');
});

test('signing out makes the token worthless; when that fails, the session is over all the same', async () => {
  const api = serve();
  const browser = new Browser(api);
  await browser.signIn(LOGIN);
  expect((await browser.ask('DELETE', '/dashboard/session')).status).toBe(204);
  expect(revoked).toEqual(['kt-1']);
  revoke = away;
  await browser.signIn(LOGIN);
  const { cookie } = browser;
  expect((await browser.ask('DELETE', '/dashboard/session')).status).toBe(204);
  expect(log.lines.join()).toContain('a token could not be revoked');
  browser.cookie = cookie;
  expect((await browser.ask('GET', '/v1/me')).status).toBe(401);
});

test('a token that Keystone revoked ends the session; roles are those of now', async () => {
  const browser = new Browser(serve());
  await browser.signIn(LOGIN);
  callers.set('kt-1', { projectId: PROJECT, userId: 'u1', roles: ['reader'], system: false });
  expect((await browser.session()).session?.roles).toEqual(['reader']);
  expect((await browser.ask('POST', '/v1/mappings', { name: 'two', mapping: {} })).status).toBe(403);
  callers.clear();
  now += 11_000;
  expect((await browser.ask('GET', '/v1/me')).status).toBe(401);
  expect((await browser.session()).session).toBeNull();
});

test('the session is over when the token ends', async () => {
  const browser = new Browser(serve());
  await browser.signIn(LOGIN);
  now += HOUR;
  expect((await browser.session()).session).toBeNull();
});

test('another project needs the right to it, with the cookie as with a token', async () => {
  const browser = new Browser(serve());
  await browser.signIn(LOGIN);
  const url = `/v1/${'b'.repeat(32)}/mappings`;
  expect((await browser.ask('GET', url)).status).toBe(403);
  callers.set('kt-1', { projectId: PROJECT, userId: 'u1', roles: ['admin'], system: false });
  expect((await browser.ask('GET', url)).status).toBe(200);
});

test('the audit log has who signed in, how, and out, with their project, and who was refused, with none', async () => {
  const browser = new Browser(serve());
  await browser.signIn(LOGIN);
  await browser.ask('DELETE', '/dashboard/session');
  await browser.signIn(CREDENTIAL);
  // The token is over before the session.
  callers.clear();
  await browser.ask('DELETE', '/dashboard/session');
  answer = () => Promise.reject(new GutsError('unauthorized', 'no'));
  await browser.ask('POST', '/dashboard/session', CREDENTIAL);
  const lines = await store.listAudit({ projectId: null }, { limit: 50 });
  expect(
    lines.map(({ action, projectId, userId, data: { by, code } }) => [action, projectId, userId, by, code]),
  ).toEqual([
    ['dashboard.login', PROJECT, 'u1', 'password', undefined],
    ['dashboard.logout', PROJECT, 'u1', undefined, undefined],
    ['dashboard.login', PROJECT, 'u1', 'application_credential', undefined],
    ['dashboard.logout', 'system', null, undefined, undefined],
    ['dashboard.login_refused', 'system', null, 'application_credential', 'unauthorized'],
  ]);
  const sessions = lines.map(({ resourceId }) => resourceId);
  expect(new Set(sessions).size).toBe(3);
  expect([sessions[1], sessions[3]]).toEqual([sessions[0], sessions[2]]);
});

test('no log has a password, a token or who tried', async () => {
  const own = recordingLog();
  const api = serve({ log: own });
  const browser = new Browser(api);
  await browser.signIn(LOGIN);
  await browser.signIn(CREDENTIAL);
  await browser.ask('DELETE', '/dashboard/session');
  answer = away;
  await browser.ask('POST', '/dashboard/session', LOGIN);
  answer = () => Promise.reject(new GutsError('unauthorized', 'no'));
  // Some type the password where the name belongs.
  await browser.ask('POST', '/dashboard/session', { password: { ...LOGIN.password, user: PASSWORD } });
  answer = () => Promise.reject(new TypeError('a mistake of ours'));
  expect((await browser.ask('POST', '/dashboard/session', LOGIN)).status).toBe(500);
  const audit = await store.listAudit({ projectId: null }, { limit: 50 });
  expect(audit.filter(({ action }) => action === 'dashboard.login_refused')).toHaveLength(3);
  const text = [...own.lines, JSON.stringify(audit)].join('\n');
  expect(text).toContain('signed in to the dashboard');
  expect(text).toContain('ECONNREFUSED');
  expect(text).toContain('a mistake of ours');
  expect(text).not.toMatch(/geheim|kt-1|guts_session/);
});
