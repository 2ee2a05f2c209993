import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DashboardSession, Me } from '@guts/contract';
import { startCloud } from '@guts/lab-cloud';
import { expect, onTestFinished, test } from 'vitest';
import { canary, found } from './canary.ts';
import { type Daemon, freePort, startAll } from './daemon.ts';
import { guts } from './lab.ts';

const PAGE = '<!doctype html><div id="guts-root"></div>';

async function folders(): Promise<{ root: string; env: Record<string, string> }> {
  const root = await mkdtemp(join(tmpdir(), 'guts-dashboard-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'page'));
  await writeFile(join(root, 'page/index.html'), PAGE);
  return {
    root,
    env: {
      GUTS_STATE_DIR: join(root, 'state'),
      GUTS_DASHBOARD_DIR: join(root, 'page'),
      GUTS_LOG_LEVEL: 'debug',
    },
  };
}

/** What a browser does: it keeps the cookie. */
class Page {
  readonly #url: string;
  cookie = '';
  csrf = '';

  constructor({ url }: Daemon) {
    this.#url = url;
  }

  async ask(method: string, path: string, body?: object): Promise<Response> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(this.cookie === '' ? {} : { cookie: this.cookie }),
        ...(this.csrf === '' ? {} : { 'x-csrf-token': this.csrf }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const set = answer.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';')[0] ?? '';
    return answer;
  }

  async signIn(login: object): Promise<DashboardSession['session']> {
    const answer = await this.ask('POST', '/dashboard/session', login);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`not let in: ${answer.status} ${text}`);
    const { session } = JSON.parse(text) as DashboardSession;
    this.csrf = session?.csrf_token ?? '';
    return session;
  }
}

test('embedded: guts dashboard prints a link that signs in once; nothing of it is in the log', async () => {
  const { root, env } = await folders();
  const daemon = await startAll(await freePort(), [], env);
  const page = new Page(daemon);
  let code = '';
  try {
    expect(await (await page.ask('GET', '/dashboard/migrations')).text()).toBe(PAGE);
    const client = { GUTS_API: daemon.url, GUTS_TOKEN_FILE: join(root, 'state/token') };
    const asText = await guts(['dashboard'], client).ended;
    expect(asText).toMatchObject({ code: 0, err: '' });
    expect(asText.out).toMatch(new RegExp(`^${daemon.url}/dashboard/login#code=[\\w.-]+\\n$`));
    const asJson = await guts(['dashboard', '--json'], client).ended;
    const { url, expires_at: end } = JSON.parse(asJson.out) as { url: string; expires_at: string };
    expect(Date.parse(end)).toBeGreaterThan(Date.now());
    code = new URL(url).hash.replace('#code=', '');
    expect(await page.signIn({ link: { code } })).toMatchObject({ user_id: null, project_id: 'local' });
    expect(((await (await page.ask('GET', '/v1/me')).json()) as Me).allowed).toContain(
      'migration:sources:create',
    );
    const again = await new Page(daemon).ask('POST', '/dashboard/session', { link: { code } });
    expect(again.status).toBe(401);
    const made = await page.ask('POST', '/v1/mappings', { name: 'by-cookie', mapping: {} });
    expect(made.status).toBe(201);
  } finally {
    const { out, err } = await daemon.stop();
    const token = (await readFile(join(root, 'state/token'), 'utf8')).trim();
    expect(err).toContain('guts dashboard prints a link');
    expect(err).toContain('signed in to the dashboard');
    for (const secret of [token, code, page.cookie.split('=')[1] ?? '', page.csrf]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(`${out}${err}`.includes(secret)).toBe(false);
    }
  }
});

test('with Keystone: a password and an application credential sign in; what was shown is in no log', async () => {
  const { root, env } = await folders();
  const password = canary('password');
  const credential = canary('credential');
  const cloud = await startCloud({
    stateDir: join(root, 'cloud'),
    users: [
      { name: 'guts', project: 'service', roles: ['admin'] },
      { name: 'ada', project: 'one', roles: ['member', 'reader'], password: password.password },
    ],
  });
  onTestFinished(() => cloud.close());
  await cloud.writeCloudsYaml(join(root, 'clouds.yaml'));
  const daemon = await startAll(await freePort(), [], {
    ...env,
    GUTS_AUTH: 'keystone',
    GUTS_KEYSTONE_CLOUD: 'fake',
    GUTS_KEYSTONE_CLOUDS_FILE: join(root, 'clouds.yaml'),
  });
  try {
    const page = new Page(daemon);
    const login = { user: 'ada', password: password.password, project: 'one' };
    const session = await page.signIn({ password: login });
    expect(session).toMatchObject({
      user_name: 'ada',
      project_name: 'one',
      roles: expect.arrayContaining(['member', 'reader']),
    });
    expect((await page.ask('POST', '/v1/mappings', { name: 'by-cookie', mapping: {} })).status).toBe(201);

    const user = session?.user_id ?? '';
    const secret = await madeCredential(cloud.authUrl, login, user, credential.password);
    const other = new Page(daemon);
    expect(await other.signIn({ application_credential: secret })).toMatchObject({ user_id: user });
    expect((await other.ask('DELETE', '/dashboard/session')).status).toBe(204);
    expect((await page.ask('GET', '/v1/me')).status).toBe(200);

    for (const wrong of [
      { password: { ...login, password: `${password.password}x` } },
      { password: { ...login, project: 'service' } },
      { password: { ...login, user_domain: 'elsewhere' } },
      { application_credential: { ...secret, secret: `${credential.password}x` } },
    ]) {
      const answer = await new Page(daemon).ask('POST', '/dashboard/session', wrong);
      const text = await answer.text();
      expect([answer.status, text]).toEqual([401, expect.stringContaining('refuses the login')]);
      expect(found(text, [password, credential])).toEqual([]);
    }
    await cloud.close();
    const away = await new Page(daemon).ask('POST', '/dashboard/session', { password: login });
    expect(away.status).toBe(503);

    const link = await guts(['dashboard'], { GUTS_API: daemon.url, GUTS_TOKEN: 'x' }).ended;
    expect(link.code).not.toBe(0);
  } finally {
    const { out, err } = await daemon.stop();
    expect(err).toContain('signed in to the dashboard');
    expect(found(`${out}${err}`, [password, credential])).toEqual([]);
  }
});

/** Identity API v3, "Application credentials". */
async function madeCredential(
  authUrl: string,
  { user, password, project }: { user: string; password: string; project: string },
  userId: string,
  secret: string,
): Promise<{ id: string; secret: string }> {
  const domain = { id: 'default' };
  const base = authUrl.replace(/\/v3$/, '');
  const headers = { 'content-type': 'application/json' };
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } };
  const login = await fetch(`${base}/v3/auth/tokens`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } }),
  });
  const token = login.headers.get('x-subject-token') ?? '';
  const made = await fetch(`${base}/v3/users/${userId}/application_credentials`, {
    method: 'POST',
    headers: { ...headers, 'x-auth-token': token },
    body: JSON.stringify({ application_credential: { name: 'dashboard', secret } }),
  });
  expect(made.status).toBe(201);
  const { application_credential: found } = (await made.json()) as { application_credential: { id: string } };
  return { id: found.id, secret };
}
