import { openStore } from '@guts/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '@guts/core';
import { type Api, type ApiOptions, createApi } from '../src/index.ts';
import { Browser, codeOf, recordingLog } from './browser.ts';
import { optionsFor, sealedBy, TOKEN } from './rig.ts';

const HOUR = 3600_000;
const MAPPING = { name: 'one', mapping: {} };

let store: Store;
let now = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
const apis: Api[] = [];

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
});
afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
  await store.close();
});
function serve(more: Partial<ApiOptions> = {}): Api {
  const api = createApi(optionsFor(store, { clock, ...more }));
  apis.push(api);
  return api;
}
const newCode = (api: Api): string => codeOf(api.dashboardLink() ?? '');
async function signedIn(api: Api): Promise<Browser> {
  const browser = new Browser(api);
  await browser.signIn({ link: { code: newCode(api) } });
  return browser;
}

describe('a one-time link', () => {
  test('gives a session of the local token, which scripts cannot read', async () => {
    const api = serve();
    const browser = new Browser(api);
    expect(await browser.session()).toEqual({ login: ['link'], session: null });
    const { status, headers, body } = await browser.ask('POST', '/dashboard/session', {
      link: { code: newCode(api) },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      login: ['link'],
      session: {
        user_id: null,
        user_name: null,
        project_id: 'local',
        project_name: null,
        roles: ['admin'],
        expires_at: new Date(now + 24 * HOUR).toISOString(),
        csrf_token: expect.stringMatching(/^[\w-]{43}$/),
      },
    });
    expect(headers['set-cookie']).toMatch(/^guts_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(headers['cache-control']).toBe('no-store');
    expect(await browser.session()).toEqual(body);
    expect((await browser.ask('GET', '/v1/mappings')).status).toBe(200);
  });

  test('holds the token sealed', async () => {
    const browser = await signedIn(serve());
    const decoded = Buffer.from(browser.cookie?.split('=')[1] ?? '', 'base64url').toString('latin1');
    expect(`${browser.cookie} ${decoded}`).not.toContain(TOKEN);
  });

  test('is only sent by TLS where clients come by TLS', async () => {
    const api = serve({ publicUrl: 'https://guts.example.org' });
    const browser = new Browser(api);
    const { headers } = await browser.ask('POST', '/dashboard/session', { link: { code: newCode(api) } });
    expect(headers['set-cookie']).toMatch(/; SameSite=Strict; Secure$/);
  });

  test('is of the path that clients reach us below, also in a name of its own', async () => {
    const api = serve({ publicUrl: 'https://cloud.example.org/migration/' });
    const browser = new Browser(api);
    const { headers } = await browser.ask('POST', '/dashboard/session', { link: { code: newCode(api) } });
    expect(headers['set-cookie']).toMatch(
      /^guts_session-migration=[\w.-]+; Path=\/migration; HttpOnly; SameSite=Strict; Secure$/,
    );
    // A guts-api at `/` of the same host has one, too, and browsers send both.
    const other = serve();
    const theirs = await signedIn(other);
    const both = `${theirs.cookie}; ${browser.cookie}`;
    for (const one of [api, other])
      expect((await new Browser(one).ask('GET', '/v1/me', undefined, { cookie: both })).status).toBe(200);
    const out = await browser.ask('DELETE', '/dashboard/session');
    expect(out.headers['set-cookie']).toMatch(/^guts_session-migration=; Path=\/migration;.*Max-Age=0$/);
  });

  test('works once, whoever of several guts-api is asked, and also of two at once', async () => {
    const [one, other] = [serve(), serve()];
    const code = newCode(one);
    const ask = (api: Api) => new Browser(api).ask('POST', '/dashboard/session', { link: { code } });
    const both = await Promise.all([ask(other), ask(one)]);
    expect(both.map(({ status }) => status)).toContain(200);
    expect(both.map(({ status }) => status)).toContain(401);
    now += 121_000;
    for (const api of [one, other]) {
      const answer = await ask(api);
      expect(answer.status).toBe(401);
      expect(answer.text).toContain('guts dashboard');
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  test('works for ten minutes', async () => {
    const api = serve();
    const [early, late] = [newCode(api), newCode(api)];
    now += 10 * 60_000 - 1;
    await new Browser(api).signIn({ link: { code: early } });
    now += 1;
    await expect(new Browser(api).signIn({ link: { code: late } })).rejects.toThrow(/401/);
  });

  test.each(['', 'x', 'guts1.k.abc', TOKEN, '%00', 'ü'.repeat(300)])(
    'that is made up lets nobody in: %s',
    async (code) => {
      const { status } = await new Browser(serve()).ask('POST', '/dashboard/session', { link: { code } });
      expect(status).toBe(code === '' ? 400 : 401);
    },
  );

  test('is no cookie, no ticket, and the other way round', async () => {
    const api = serve();
    const code = newCode(api);
    const browser = await signedIn(api);
    const cookie = browser.cookie?.split('=')[1] ?? '';
    await expect(new Browser(api).signIn({ link: { code: cookie } })).rejects.toThrow(/401/);
    browser.cookie = `guts_session=${code}`;
    expect((await browser.ask('GET', '/v1/me')).status).toBe(401);
  });

  test('is made for who may, with the address that they reach us at', async () => {
    const api = serve({ publicUrl: 'https://guts.example.org/migration/' });
    const answer = await api.inject({
      method: 'POST',
      url: '/v1/dashboard/links',
      headers: { 'x-auth-token': TOKEN },
    });
    const { url, expires_at: end } = answer.json() as { url: string; expires_at: string };
    expect(answer.statusCode).toBe(201);
    expect(url).toMatch(/^https:\/\/guts\.example\.org\/migration\/dashboard\/login#code=[\w-]+$/);
    expect(end).toBe(new Date(now + 600_000).toISOString());
    await new Browser(api).signIn({ link: { code: codeOf(url) } });
  });
});

describe('what is sent to sign in', () => {
  test.each([
    ['nothing', {}],
    ['two ways', { link: { code: 'x' }, password: { user: 'u', password: 'geheim', project: 'p' } }],
    ['more than is known', { link: { code: 'x', more: 'geheim' } }],
    ['another way', { password: { user: 'u', password: 'geheim', project: 'p' } }],
    ['another way', { application_credential: { id: 'i', secret: 'geheim' } }],
    ['no text', { link: { code: 17 } }],
    ['no object', []],
  ])('must be one way that is offered: %s', async (_what, body) => {
    const { status, text } = await new Browser(serve()).ask('POST', '/dashboard/session', body);
    expect(status).toBe(400);
    expect(text).not.toContain('geheim');
  });

  // A form of another host can send these without being asked whether it may.
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'must be JSON, and is not taken as %s',
    async (type) => {
      const api = serve();
      const answer = await api.inject({
        method: 'POST',
        url: '/dashboard/session',
        headers: { 'content-type': type },
        payload: JSON.stringify({ link: { code: newCode(api) } }),
      });
      expect(answer.statusCode).toBe(415);
    },
  );

  test('that is no JSON is not repeated in the answer, nor in the log', async () => {
    const log = recordingLog();
    const api = serve({ log });
    const answer = await api.inject({
      method: 'POST',
      url: '/dashboard/session',
      headers: { 'content-type': 'application/json' },
      payload: '{"password": {"password": geheim',
    });
    expect(answer.statusCode).toBe(400);
    expect(`${answer.body} ${log.lines.join()}`).not.toContain('geheim');
  });

  test.each(['cross-site', 'same-site'])('must not come from a page of another host (%s)', async (site) => {
    const api = serve();
    const code = newCode(api);
    const browser = await signedIn(api);
    const headers = { 'sec-fetch-site': site };
    const login = await browser.ask('POST', '/dashboard/session', { link: { code } }, headers);
    const logout = await browser.ask('DELETE', '/dashboard/session', undefined, headers);
    expect([login.status, logout.status]).toEqual([403, 403]);
    expect((await browser.session()).session).not.toBeNull();
    // What was refused used nothing up.
    await new Browser(api).signIn({ link: { code } });
  });

  test('is not taken again and again', async () => {
    const api = serve();
    const ask = () => new Browser(api).ask('POST', '/dashboard/session', { link: { code: 'guess' } });
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await ask()).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const refused = await ask();
    expect(refused.headers['retry-after']).toBe('1');
    now += 1000;
    expect((await ask()).status).toBe(401);
  });

  test('other methods are refused with those that there are', async () => {
    const answer = await serve().inject({ method: 'PUT', url: '/dashboard/session' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'GET, POST, DELETE']);
  });
});

describe('a change with the cookie', () => {
  const change = (browser: Browser, csrf: string) =>
    browser.ask('POST', '/v1/mappings', MAPPING, { 'x-csrf-token': csrf });

  test('needs the token of the session against forgery', async () => {
    const api = serve();
    const browser = await signedIn(api);
    const other = await signedIn(api);
    const own = browser.csrf ?? '';
    for (const [csrf, what] of [
      ['', 'lacks'],
      ['x', 'not of this session'],
      [own.slice(1), 'not of this session'],
      [`${own}x`, 'not of this session'],
      ['ü'.repeat(own.length), 'not of this session'],
      [other.csrf ?? '', 'not of this session'],
    ] as const) {
      const { status, body, text } = await change(browser, csrf);
      expect(status).toBe(403);
      expect((body as { error: object }).error).toMatchObject({
        guts_code: 'forbidden',
        field: 'headers.x-csrf-token',
        message: expect.stringContaining(what),
        remedy: expect.stringContaining('GET /dashboard/session'),
      });
      expect(text).not.toContain(own);
    }
    expect((await change(browser, own)).status).toBe(201);
  });

  test.each(['PATCH', 'DELETE'] as const)('so does %s', async (method) => {
    const browser = await signedIn(serve());
    const { mapping } = (await change(browser, browser.csrf ?? '')).body as { mapping: { id: string } };
    const url = `/v1/mappings/${mapping.id}`;
    const body = method === 'PATCH' ? { name: 'two' } : undefined;
    expect((await browser.ask(method, url, body, { 'x-csrf-token': '' })).status).toBe(403);
    expect((await browser.ask(method, url, body)).status).toBe(method === 'PATCH' ? 200 : 204);
  });

  test('is refused also where there is nothing to change', async () => {
    const browser = await signedIn(serve());
    expect((await browser.ask('POST', '/v1/nothing', {}, { 'x-csrf-token': '' })).status).toBe(403);
  });

  test('is not asked for it when the token is in the header', async () => {
    const browser = await signedIn(serve());
    const headers = { 'x-csrf-token': '', 'x-auth-token': TOKEN };
    expect((await browser.ask('POST', '/v1/mappings', MAPPING, headers)).status).toBe(201);
    // The header is what counts: a bad one is not made good by the cookie.
    expect((await browser.ask('GET', '/v1/mappings', undefined, { 'x-auth-token': 'bad' })).status).toBe(401);
  });

  test('a session that is over is told as that, rather than as forgery', async () => {
    const browser = await signedIn(serve());
    now += 24 * HOUR;
    const { status, text } = await change(browser, '');
    expect(status).toBe(401);
    expect(text).toContain('Sign in');
  });
});

describe('a cookie', () => {
  /** What a cookie that is not good comes to: a refusal, no session, and that it is taken away. */
  const fate = async (browser: Browser): Promise<unknown[]> => {
    const { status, text } = await browser.ask('GET', '/v1/me');
    const { session } = await browser.session();
    return [status, text.includes('the session has ended'), session, browser.cookie];
  };
  const ENDED = [401, true, null, null];

  test('is good for a day', async () => {
    const browser = await signedIn(serve());
    now += 24 * HOUR - 1;
    expect((await browser.ask('GET', '/v1/me')).status).toBe(200);
    now += 1;
    expect(await fate(browser)).toEqual(ENDED);
  });

  test('is good at every guts-api that has the key, and at no other', async () => {
    const browser = await signedIn(serve());
    const { cookie } = browser;
    const elsewhere = new Browser(serve());
    elsewhere.cookie = cookie;
    expect((await elsewhere.ask('GET', '/v1/me')).status).toBe(200);
    const strange = new Browser(serve({ secrets: sealedBy('another key') }));
    strange.cookie = cookie;
    expect(await fate(strange)).toEqual(ENDED);
  });

  test('that was tampered with is none', async () => {
    const api = serve();
    const { cookie } = await signedIn(api);
    const value = cookie?.split('=')[1] ?? '';
    for (const at of [0, 20, Math.floor(value.length / 2), value.length - 3]) {
      const browser = new Browser(api);
      const flipped = value[at] === 'A' ? 'B' : 'A';
      browser.cookie = `guts_session=${value.slice(0, at)}${flipped}${value.slice(at + 1)}`;
      expect(await fate(browser)).toEqual(ENDED);
    }
    for (const text of ['', 'x', value.slice(0, -8), `${value}AAAA`, 'guts1.a.b', '"quoted"']) {
      const browser = new Browser(api);
      browser.cookie = `guts_session=${text}`;
      expect(await fate(browser)).toEqual(ENDED);
    }
  });

  test('that is there twice is none: somebody else may have set one', async () => {
    const api = serve();
    const [one, other] = [await signedIn(api), await signedIn(api)];
    one.cookie = `${one.cookie}; ${other.cookie}`;
    expect(await fate(one)).toEqual(ENDED);
  });

  test('ends when the local token is another one', async () => {
    const browser = await signedIn(serve());
    const changed = new Browser(serve({ authenticate: () => Promise.resolve(null) }));
    changed.cookie = browser.cookie;
    expect(await fate(changed)).toEqual(ENDED);
  });

  test('does not serve after signing out, not even a copy of it', async () => {
    const api = serve();
    const browser = await signedIn(api);
    const copy = new Browser(api);
    copy.cookie = browser.cookie;
    const { status, headers, text } = await browser.ask('DELETE', '/dashboard/session');
    expect([status, text]).toEqual([204, '']);
    expect(headers['set-cookie']).toBe('guts_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
    expect(await fate(copy)).toEqual(ENDED);
    // Signed out is signed out: also without a session, or with one that is over.
    expect((await browser.ask('DELETE', '/dashboard/session')).status).toBe(204);
  });

  test('of somebody who guesses is held back like a token', async () => {
    const api = serve({ requestsPerMinute: 12 });
    const browser = new Browser(api);
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      browser.cookie = `guts_session=guess-${n}`;
      statuses.push((await browser.ask('GET', '/v1/me')).status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  });
});

test('no log has a code, a cookie, or a token', async () => {
  const log = recordingLog();
  const api = serve({ log });
  const code = newCode(api);
  const browser = new Browser(api);
  await browser.signIn({ link: { code } });
  const { cookie, csrf } = browser;
  await browser.ask('POST', '/v1/mappings', MAPPING, { 'x-csrf-token': 'forged-token' });
  await browser.ask('POST', '/dashboard/session', { link: { code } });
  await browser.ask('GET', '/v1/me', undefined, { cookie: `${cookie}x` });
  await browser.ask('DELETE', '/dashboard/session');
  const audit = await store.listAudit({ projectId: null }, { limit: 50 });
  expect(audit.map(({ action }) => action)).toContain('dashboard.login_refused');
  const text = [...log.lines, JSON.stringify(audit)].join('\n');
  expect(text).toContain('signed in to the dashboard');
  expect(text).toContain('a login was refused');
  for (const secret of [code, cookie?.split('=')[1] ?? '', csrf ?? '', TOKEN, 'forged-token'])
    expect(text.includes(secret)).toBe(false);
});
