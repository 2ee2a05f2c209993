import { openStore } from '@guts/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GutsError, type Store } from '@guts/core';
import { type Api, type ApiOptions, createApi } from '../src/index.ts';
import { Browser, codeOf, recordingLog } from './browser.ts';
import { optionsFor, storeWith, TOKEN } from './rig.ts';

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

describe('the audit log', () => {
  const lines = async () =>
    (await store.listAudit({ projectId: 'local' }, { limit: 50 })).map(
      ({ id: _id, at: _at, ...line }) => line,
    );

  test('has who had a link made, signed in by it, and out', async () => {
    const api = serve();
    const headers = { 'x-auth-token': TOKEN };
    const made = (await api.inject({ method: 'POST', url: '/v1/dashboard/links', headers })).json();
    const browser = new Browser(api);
    await browser.signIn({ link: { code: codeOf(made.url) } });
    await browser.ask('DELETE', '/dashboard/session');
    // Nobody is signed out any more.
    await browser.ask('DELETE', '/dashboard/session');
    const common = { projectId: 'local', userId: null, requestId: expect.stringMatching(/^req-/) };
    const [link, login, logout, ...more] = await lines();
    expect(link).toEqual({
      ...common,
      action: 'dashboard.link',
      resourceId: expect.any(String),
      data: { expires_at: made.expires_at },
    });
    expect(login).toEqual({
      ...common,
      action: 'dashboard.login',
      resourceId: expect.any(String),
      data: { by: 'link', link_id: link?.resourceId, address: '127.0.0.1' },
    });
    expect(logout).toEqual({
      ...common,
      action: 'dashboard.logout',
      resourceId: login?.resourceId,
      data: { address: '127.0.0.1' },
    });
    expect(more).toEqual([]);
  });

  test('has who was refused, so many a minute, and how many more there were', async () => {
    const api = serve();
    const guess = (n: number) =>
      api.inject({
        method: 'POST',
        url: '/dashboard/session',
        remoteAddress: `10.0.0.${n}`,
        payload: { link: { code: 'guess' } },
      });
    for (let n = 1; n <= 13; n += 1) expect((await guess(n)).statusCode).toBe(401);
    now += 1000;
    await guess(14);
    const refused = await lines();
    const data = { by: 'link', code: 'unauthorized', address: '10.0.0.1' };
    expect(refused[0]).toMatchObject({ action: 'dashboard.login_refused', resourceId: null, data });
    expect(refused.map((line) => line.data['address'])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14].map((n) => `10.0.0.${n}`),
    );
    expect(refused.map((line) => line.data['unlisted_before'])).toEqual([
      ...Array<undefined>(10).fill(undefined),
      3,
    ]);
  });

  test('that cannot be written lets nobody in, and keeps nobody', async () => {
    let broken = false;
    const addAudit: Store['addAudit'] = (line) =>
      broken
        ? Promise.reject(new GutsError('database_unavailable', 'the database is away'))
        : store.addAudit(line);
    const log = recordingLog();
    const api = serve({ store: storeWith(store, { addAudit }), log });
    const browser = await signedIn(api);
    const code = newCode(api);
    broken = true;
    const late = await new Browser(api).ask('POST', '/dashboard/session', { link: { code } });
    expect([late.status, late.headers['set-cookie']]).toEqual([503, undefined]);
    const refused = await new Browser(api).ask('POST', '/dashboard/session', { link: { code: 'guess' } });
    expect(refused.status).toBe(401);
    const copy = new Browser(api);
    copy.cookie = browser.cookie;
    expect((await browser.ask('DELETE', '/dashboard/session')).status).toBe(204);
    expect((await copy.ask('GET', '/v1/me')).status).toBe(401);
    expect(log.lines.join()).toMatch(
      /a refused login is not audited.*that somebody signed out is not audited/s,
    );
  });
});
