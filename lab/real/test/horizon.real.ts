import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { buildPlugin, horizonUrl, installPlugin, openBrowser, Visitor } from './support/horizon.ts';
import { Keystone } from './support/keystone.ts';
import { KeystoneApi } from './support/keystone-api.ts';
import { ROOT } from './support/lab.ts';

/** The plugin inside the lab's Horizon, over its Keystone, with guts-api as it ships; a browser looks at it. */
/** What runs in the page sees these; there is no DOM here. */
declare const history: { pushState(state: null, unused: string, address: string): void };
declare const angular: {
  element(selector: string): { injector(): { get(name: '$rootScope'): { $apply(): void } } };
};

const run = promisify(execFile);
const PICTURES = join(ROOT, 'test-output/horizon');
const password = randomBytes(12).toString('hex');
/** How Keystone's tokens begin: Fernet's version 0x80, and the high bytes of the time, in base64. */
const TOKEN = /gAAAAA[\w-]{20}/;
const folder = mkdtempSync(join(tmpdir(), 'guts-horizon-'));
const plugin = join(folder, 'horizon');

let keystone: Keystone;
let api: KeystoneApi;
let browser: Browser;
const projects = { own: '', other: '' };

/** Somebody who is logged in until the test's end, and at a panel. */
async function visit(user: string, path = '/project/guts/'): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: horizonUrl(), viewport: { width: 1400, height: 900 } });
  onTestFinished(() => context.close());
  const visitor = new Visitor(context, await context.newPage());
  await visitor.page.goto('/auth/login/');
  await visitor.logIn(user, password, /\/project\//);
  await visitor.page.goto(path);
  return visitor;
}
const mapping = (name: string): object => ({ name, mapping: {} });
const namesOf = ({ body }: { body: unknown }): string[] =>
  (body as { mappings: { name: string }[] }).mappings.map(({ name }) => name);

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  await buildPlugin(join(ROOT, 'dist/dashboard'), plugin);
  await installPlugin(plugin);
  keystone = await Keystone.open();
  for (const name of ['own', 'other'] as const)
    projects[name] = await keystone.make('project', `guts-horizon-${name}`);
  for (const role of ['reader', 'member', 'admin', 'service'])
    await keystone.grant(projects.own, await keystone.make('user', `hz-${role}`, { password }), role);
  await keystone.grant(projects.other, await keystone.make('user', 'hz-other', { password }), 'member');
  const both = await keystone.make('user', 'hz-both', { password });
  for (const project of Object.values(projects)) await keystone.grant(project, both, 'member');
  api = await KeystoneApi.start(keystone, { users: [], password, project: projects.own });
  browser = await openBrowser();
}, 300_000);

afterAll(async () => {
  await browser.close();
  await api.close();
  await keystone.removeAll();
  rmSync(folder, { recursive: true });
}, 120_000);

test('the Python part, with the packages of Horizon', async () => {
  const policy = join(plugin, 'guts_dashboard/default_policy.yaml');
  const { stderr } = await run('/usr/bin/python3', ['-m', 'tests', policy], {
    cwd: join(ROOT, 'horizon'),
    env: { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect(stderr).toMatch(/Ran \d\d tests in .*\n\nOK\n$/);
});

describe('a member', () => {
  test('finds the app under Project, in the frame of Horizon', async () => {
    const visitor = await visit('hz-member', '/project/');
    expect(await visitor.panels()).toEqual(['/project/guts/']);
    const { page } = visitor;
    await page.click('#sidebar-accordion >> text=Migration');
    await page.click('#sidebar-accordion a[href="/project/guts/"]');
    await page.waitForSelector('#guts-root >> h1');
    expect(await page.textContent('.topbar')).toContain('hz-member');
    await page.screenshot({ path: join(PICTURES, 'project.png') });
    expect(visitor.complaints).toEqual([]);
  });

  test('acts in the own project, and never holds the token', async () => {
    const visitor = await visit('hz-member');
    const made = await visitor.call('POST', '/v1/mappings', mapping('<i>of hz-member</i>'));
    expect(made.status).toBe(201);
    expect(made.headers['x-openstack-request-id']).toMatch(/^req-/);
    expect(namesOf(await visitor.call('GET', '/v1/mappings'))).toEqual(['<i>of hz-member</i>']);
    const me = await visitor.call('GET', '/v1/me');
    expect(me.body).toMatchObject({ project_id: projects.own, roles: expect.arrayContaining(['member']) });
    await visitor.page.waitForSelector('#guts-root >> h1');
    const everything = await visitor.everything();
    expect(everything.includes('guts-boot')).toBe(true);
    const login = { user: 'hz-member', password, scope: projects.own };
    expect(await keystone.token(login)).toMatch(TOKEN);
    expect(TOKEN.exec(everything)?.[0]).toBeUndefined();
    const other = await visit('hz-other');
    expect(namesOf(await other.call('GET', '/v1/mappings'))).toEqual([]);
  });

  test('is told by the API what is wrong, as the API tells it', async () => {
    const visitor = await visit('hz-member');
    expect(await visitor.call('POST', '/v1/mappings', { nothing: 1 })).toMatchObject({
      status: 400,
      body: { error: { guts_code: 'bad_request', request_id: expect.stringMatching(/^req-/) } },
    });
    expect(await visitor.call('POST', '/v1/mappings', { name: 'x'.repeat(2 ** 21) })).toMatchObject({
      status: 413,
      body: { error: { guts_code: 'too_large' } },
    });
    expect(await visitor.call('GET', `/v1/${projects.other}/mappings`)).toMatchObject({
      status: 403,
      body: { error: { guts_code: 'forbidden' } },
    });
    expect(await visitor.call('GET', '/metrics')).toMatchObject({
      status: 404,
      body: { error: { guts_code: 'not_found' } },
    });
  });

  test('without the CSRF token nothing is made', async () => {
    const visitor = await visit('hz-other');
    for (const headers of [{}, { 'X-CSRFToken': 'a'.repeat(64) }])
      expect(await visitor.call('POST', '/v1/mappings', mapping('x'), headers)).toMatchObject({
        status: 403,
        body: { error: { guts_code: 'forbidden', remedy: 'Load the page again.' } },
      });
    expect(namesOf(await visitor.call('GET', '/v1/mappings'))).toEqual([]);
  });

  test('hears what happens from guts-api itself, with a ticket', async () => {
    const visitor = await visit('hz-member');
    const streams = new Set<string>();
    visitor.page.on('request', (request) => {
      if (request.url().includes('/events/stream')) streams.add(new URL(request.url()).origin);
    });
    // The app's own stream.
    await visitor.page.reload();
    await expect.poll(() => [...streams], { timeout: 20_000 }).toEqual([api.url]);
    const ticket = await visitor.call('POST', '/v1/events/tickets', { origin: horizonUrl() });
    expect(ticket.status).toBe(201);
    const heard = visitor.page.evaluate(
      async ([url, value]) => {
        const source = new EventSource(`${url}/v1/events/stream?ticket=${encodeURIComponent(value)}`);
        return new Promise<unknown>((resolve) => {
          source.addEventListener('message', ({ data }: { data: string }) => {
            source.close();
            resolve(JSON.parse(data));
          });
        });
      },
      [api.url, (ticket.body as { ticket: string }).ticket] as const,
    );
    await visitor.call('POST', '/v1/mappings', mapping('heard'));
    expect(await heard).toMatchObject({ resource: 'mapping' });
    // Through Horizon it does not come.
    expect(await visitor.call('GET', '/v1/events/stream')).toMatchObject({
      status: 501,
      body: { error: { guts_code: 'unsupported' } },
    });
  });

  test('every path below the panel is the page; the address is the router’s', async () => {
    const visitor = await visit('hz-member', '/project/guts/migrations/none-such');
    const { page } = visitor;
    await page.waitForSelector('#guts-root nav');
    await page.evaluate(() => {
      Object.assign(globalThis, { marked: true });
      history.pushState(null, '', '/project/guts/migrations?status=running');
      history.pushState(null, '', '/project/guts/elsewhere');
      // What AngularJS does whenever anything of Horizon's happens.
      angular.element('body').injector().get('$rootScope').$apply();
    });
    expect(new URL(page.url()).pathname).toBe('/project/guts/elsewhere');
    await page.goBack();
    await page.goBack();
    expect(new URL(page.url()).pathname).toBe('/project/guts/migrations/none-such');
    // Nothing was loaded anew.
    expect(await page.evaluate(() => (globalThis as { marked?: boolean }).marked)).toBe(true);
    await page.reload();
    await page.waitForSelector('#guts-root nav');
    expect(visitor.complaints).toEqual([]);
  });
});

describe('by role', () => {
  test('a reader looks', async () => {
    const visitor = await visit('hz-reader');
    expect(await visitor.panels()).toEqual(['/project/guts/']);
    expect(await visitor.call('GET', '/v1/sources')).toMatchObject({ status: 200 });
    expect(await visitor.call('POST', '/v1/mappings', mapping('x'))).toMatchObject({
      status: 403,
      body: { error: { guts_code: 'forbidden' } },
    });
    expect((await visitor.page.goto('/admin/guts/'))?.status()).toBe(403);
  });

  test('an administrator has both panels', async () => {
    const visitor = await visit('hz-admin', '/admin/guts/');
    expect(await visitor.panels()).toEqual(['/project/guts/', '/admin/guts/']);
    await visitor.page.waitForSelector('#guts-root nav');
    expect(await visitor.call('GET', '/v1/services')).toMatchObject({ status: 200 });
    await visitor.page.screenshot({ path: join(PICTURES, 'admin.png') });
  });

  test('who has no role for it sees no panel, and is refused', async () => {
    const visitor = await visit('hz-service', '/project/');
    expect(await visitor.panels()).toEqual([]);
    const statuses = [];
    for (const path of ['/project/guts/', '/project/guts/migrations', '/admin/guts/'])
      statuses.push((await visitor.page.goto(path))?.status());
    expect(statuses).toEqual([403, 403, 403]);
    const calls = `/api/guts/RegionOne/${projects.own}/v1/sources`;
    const called = await visitor.context.request.get(calls);
    expect([called.status(), await called.json()]).toMatchObject([
      403,
      { error: { guts_code: 'forbidden' } },
    ]);
  });

  test('who is logged out is told so; logs in in another tab, and goes on', async () => {
    const visitor = await visit('hz-member');
    const { page, context } = visitor;
    await page.waitForSelector('#guts-root >> h1');
    // In another tab.
    await context.request.get('/auth/logout/');
    expect(await visitor.call('GET', '/v1/sources')).toMatchObject({
      status: 401,
      body: { error: { guts_code: 'unauthorized' } },
    });
    // Somewhere else in the app, for which it has to ask.
    await page.evaluate(() => history.pushState(null, '', '/project/guts/migrations/none-such'));
    const dialog = page.locator('role=dialog[name="Your session is over"]');
    await dialog.waitFor();
    await page.screenshot({ path: join(PICTURES, 'session-over.png') });
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      dialog.locator('text=Log in to Horizon').click(),
    ]);
    await new Visitor(context, tab).logIn('hz-member', password, /\/project\/guts\//);
    await page.bringToFront();
    await dialog.locator('text=I have logged in').click();
    await dialog.waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/project/guts/migrations/none-such');
    expect((await visitor.call('POST', '/v1/mappings', mapping('after another login'))).status).toBe(201);
  });

  test('a page of a project that is not chosen any more does nothing', async () => {
    const visitor = await visit('hz-both');
    const { page, context } = visitor;
    // What Horizon itself still loads for the first page would bring back its project.
    await page.waitForSelector('#guts-root >> h1');
    const tab = await context.newPage();
    const second = new Visitor(context, tab);
    const [first, other] = (await visitor.boot()).api.endsWith(projects.own)
      ? [projects.own, projects.other]
      : [projects.other, projects.own];
    await tab.goto(`/auth/switch/${other}/?next=/project/guts/`);
    await tab.waitForSelector('#guts-root nav');
    expect((await second.boot()).api).toBe(`/api/guts/RegionOne/${other}`);
    expect((await second.call('POST', '/v1/mappings', mapping('of the second'))).status).toBe(201);
    expect(await visitor.call('POST', '/v1/mappings', mapping('of the first'))).toMatchObject({
      status: 409,
      body: { error: { guts_code: 'conflict' } },
    });
    expect(namesOf(await second.call('GET', '/v1/mappings'))).not.toContain('of the first');
    await page.reload();
    expect((await visitor.boot()).api).not.toContain(first);
  });
});

test('while guts-api is away Horizon says so, and it comes back', async () => {
  const visitor = await visit('hz-member');
  await api.down();
  try {
    expect(await visitor.call('GET', '/v1/sources')).toMatchObject({
      status: 502,
      body: { error: { guts_code: 'unreachable', remedy: expect.any(String) } },
    });
    expect((await visitor.page.goto('/project/guts/'))?.status()).toBe(200);
  } finally {
    await api.up();
  }
  expect(await visitor.call('GET', '/v1/sources')).toMatchObject({ status: 200 });
});

test('where the catalog has no GUTS there is no panel', async () => {
  const visitor = await visit('hz-member');
  await api.hidden(async () => {
    const later = await visit('hz-member', '/project/');
    expect(await later.panels()).toEqual([]);
    expect((await later.page.goto('/project/guts/'))?.status()).toBe(403);
  });
  expect(await visitor.panels()).toEqual(['/project/guts/']);
});
