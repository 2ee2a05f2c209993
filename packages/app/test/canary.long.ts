import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allRoutes } from '@guts/contract';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ArgumentWatch, type Canary, canary, found } from './canary.ts';
import { guestDisk, guts } from './lab.ts';

/**
 * Passwords that are given to GUTS are looked for wherever it writes, sends or shows something: its database, the logs
 * of its daemons at their most talkative, arguments of processes, answers of every route, and errors.
 */
const SOURCE = canary('source');
const DESTINATION = canary('destination');
const APPLICATION = canary('application');
const WRONG = canary('wrong');
const ODD = canary('odd');
const DATABASE = canary('database');
const BUS = canary('bus');
const NOTIFICATIONS = canary('notifications');
const TOKEN = canary('token');
const ALL: readonly Canary[] = [
  SOURCE,
  DESTINATION,
  APPLICATION,
  WRONG,
  ODD,
  DATABASE,
  BUS,
  NOTIFICATIONS,
  TOKEN,
];

let folder: string;
let state: string;
let vcenter: VCenter;
let cloud: Cloud;
let daemons: ReturnType<typeof guts>[];
let logs: string;
let watch: ArgumentWatch;
let api: string;
const answers: { from: string; text: string }[] = [];

function start(name: string): void {
  const started = guts(
    [name, '--config', join(folder, 'guts.yaml')],
    // Nothing of OpenStack or of GUTS in the environment: the file has it all.
    {},
  );
  daemons.push(started);
  const take = (chunk: Buffer): void => void (logs += chunk.toString('utf8'));
  started.child.stdout?.on('data', take);
  started.child.stderr?.on('data', take);
}

async function ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      'x-auth-token': TOKEN.core,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  answers.push({
    from: `${method} ${path} ${response.status}`,
    text: `${JSON.stringify([...response.headers])}\n${text}`,
  });
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {}; // metrics and pages are no JSON
  }
}

async function made(path: string, body: unknown): Promise<string> {
  const answer = await ask('POST', path, body);
  const [id] = Object.values(answer).map((one) => (one as { id?: unknown }).id);
  if (typeof id !== 'string') throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return id;
}

/** What the stream tells of all that has been: read until nothing comes for a second. */
async function readStream(): Promise<void> {
  const stop = new AbortController();
  const response = await fetch(`${api}/v1/events/stream`, {
    headers: { 'x-auth-token': TOKEN.core },
    signal: stop.signal,
  });
  if (!response.body) throw new Error('the stream has no body');
  let text = '';
  let timer = setTimeout(() => stop.abort(), 5000);
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), 1000);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  expect(text).toContain('migration.created');
  answers.push({ from: 'GET /v1/events/stream', text });
}

/** Runs an operation of a source or destination to its end. */
async function act(kind: string, id: string, action: string): Promise<string> {
  const { operation } = (await ask('POST', `/v1/${kind}/${id}/actions`, { action })) as {
    operation: { id: string };
  };
  await vi.waitFor(
    async () => {
      const answer = await ask('GET', `/v1/operations/${operation.id}`);
      expect((answer['operation'] as { status: string }).status).toMatch(/^(done|failed)$/);
    },
    { timeout: 60_000, interval: 300 },
  );
  return operation.id;
}

async function applicationCredential(password: string): Promise<string> {
  const domain = { name: 'Default' };
  const user = { name: 'demo', domain, password };
  const scope = { project: { name: 'demo', domain } };
  const login = await fetch(`${cloud.authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  const { token } = (await login.json()) as { token: { user: { id: string } } };
  const made = await fetch(`${cloud.authUrl}/users/${token.user.id}/application_credentials`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-auth-token': login.headers.get('x-subject-token') ?? '',
    },
    body: JSON.stringify({ application_credential: { name: 'guts', secret: APPLICATION.password } }),
  });
  const { application_credential: one } = (await made.json()) as { application_credential: { id: string } };
  return one.id;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guts-canary-'));
  state = join(folder, 'state');
  mkdirSync(state);
  daemons = [];
  logs = '';
  watch = new ArgumentWatch(folder, ALL);
  const file = join(folder, 'guest.raw');
  await guestDisk(file, 'web');
  vcenter = await startVCenter({
    stateDir: join(folder, 'vcenter'),
    password: SOURCE.password,
    taskMs: 5,
    shutdownMs: 20,
    machines: [
      {
        name: 'web',
        cpus: 1,
        memoryMiB: 192,
        guestId: 'debian12_64Guest',
        powerState: 'poweredOn',
        toolsRunning: true,
        disks: [{ sizeBytes: 4 * 2 ** 20, source: { file }, controller: 'pvscsi' }],
        nics: [{ mac: '00:50:56:00:00:01', network: 'VM Network' }],
      },
    ],
  });
  cloud = await startCloud({
    stateDir: join(folder, 'cloud'),
    users: [
      { name: 'admin', project: 'admin', roles: ['admin'] },
      { name: 'demo', project: 'demo', roles: ['member'], password: DESTINATION.password },
    ],
  });
  const secretFile = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  };
  const settings = {
    state_dir: state,
    token_file: secretFile('token', TOKEN.core),
    // Nobody is there: what is told of it is looked at.
    bus_url: `amqp://guts:${BUS.core}@127.0.0.1:1/guts`,
    notifications_url: 'amqp://guts@127.0.0.1:1/guts',
    notifications_password_file: secretFile('notifications-password', NOTIFICATIONS.password),
    database_password_file: secretFile('database-password', DATABASE.password),
    log_level: 'trace',
    listen_port: 0,
    retry_seconds: 1,
    poll_milliseconds: 200,
    volume_roots: join(folder, 'cloud'),
  };
  writeFileSync(join(folder, 'guts.yaml'), JSON.stringify(settings), { mode: 0o600 });
  const upgraded = await guts(['db', 'upgrade', '--config', join(folder, 'guts.yaml')], {}).ended;
  if (upgraded.code !== 0) throw new Error(upgraded.err);
  for (const name of ['api', 'scheduler', 'migration']) start(name);
  await vi.waitFor(
    () => {
      api = /guts-api listens on (http:\/\/[0-9.:]+)/.exec(logs)?.[1] ?? '';
      if (api === '') throw new Error(`guts-api does not listen:\n${logs}`);
    },
    { timeout: 60_000, interval: 200 },
  );
  await vi.waitFor(
    async () => {
      const { drivers } = (await ask('GET', '/v1/drivers')) as { drivers: unknown[] };
      if (drivers.length === 0) throw new Error(`no worker tells its drivers:\n${logs}`);
    },
    { timeout: 60_000, interval: 300 },
  );
}, 180_000);

afterAll(async () => {
  watch.stop();
  for (const { child } of daemons) child.kill('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  await vcenter.close();
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

test('no password is found anywhere', { timeout: 300_000 }, async () => {
  const ids: Record<string, string[]> = {};
  const note = (kind: string, id: string): string => {
    (ids[kind] ??= []).push(id);
    return id;
  };
  const vsphere = { url: vcenter.url, username: vcenter.username, fingerprint: vcenter.fingerprintSha256 };
  const source = (name: string, { password }: Canary) => ({
    name,
    driver: 'vsphere',
    settings: vsphere,
    secret: { password },
  });
  const openstack = {
    auth_url: cloud.authUrl,
    username: 'demo',
    user_domain_name: 'Default',
    project_name: 'demo',
    project_domain_name: 'Default',
    volume_access: 'device',
  };
  const destination = (name: string, { password }: Canary) => ({
    name,
    driver: 'openstack',
    settings: openstack,
    secret: { password },
  });
  const credential = {
    name: 'credential',
    driver: 'openstack',
    settings: {
      auth_url: cloud.authUrl,
      auth_type: 'v3applicationcredential',
      application_credential_id: await applicationCredential(DESTINATION.password),
    },
    secret: { application_credential_secret: APPLICATION.password },
  };
  const good = note('sources', await made('/v1/sources', source('good', SOURCE)));
  const wrong = note('sources', await made('/v1/sources', source('wrong', WRONG)));
  const by = note('destinations', await made('/v1/destinations', destination('by-password', DESTINATION)));
  const no = note('destinations', await made('/v1/destinations', destination('wrong', WRONG)));
  const app = note('destinations', await made('/v1/destinations', credential));

  // What is refused quotes nothing.
  await ask('POST', '/v1/sources', { ...source('x', ODD), unknown: ODD.password });
  await ask('POST', '/v1/sources', { ...source('x', ODD), secret: { password: [ODD.password] } });
  await ask('POST', '/v1/sources', { ...source('x', ODD), secret: ODD.password });
  await ask('POST', '/v1/sources', { ...source('x', ODD), secret: { pasword: ODD.password } });
  await ask('POST', '/v1/sources', `{"secret": {"password": "${ODD.core}"`);
  await ask('POST', '/v1/sources', source('good', ODD));

  for (const [kind, id] of [
    ['sources', good],
    ['sources', wrong],
    ['destinations', by],
    ['destinations', no],
    ['destinations', app],
  ] as const)
    note('operations', await act(kind, id, 'validate'));
  note('operations', await act('sources', good, 'refresh'));
  note('operations', await act('sources', wrong, 'refresh'));
  note('operations', await act('destinations', by, 'refresh'));
  await ask('PATCH', `/v1/sources/${wrong}`, { secret: { password: WRONG.password } });

  const move = (target: string) => ({
    source: good,
    destination: target,
    instance: 'web',
    mapping: { networks: { '*': { network: 'private' } } },
  });
  // To where the password is wrong: it fails, and its source is as it was.
  for (const target of [no, by]) {
    const id = note('migrations', await made('/v1/migrations', move(target)));
    await vi.waitFor(
      async () => {
        const answer = await ask('GET', `/v1/migrations/${id}`);
        expect((answer['migration'] as { status: string }).status).toBe(
          target === no ? 'failed' : 'completed',
        );
      },
      { timeout: 120_000, interval: 500 },
    );
  }
  const { instances } = (await ask('GET', `/v1/instances?source=${good}`)) as {
    instances: { ref: string }[];
  };
  for (const { ref } of instances) note('instances', ref);

  for (const { method, path } of allRoutes.values()) {
    if (method !== 'GET') continue;
    const [, kind = ''] = /^\/v1\/([a-z]+)\/:/.exec(path) ?? [];
    for (const id of path.includes(':') ? (ids[kind] ?? ['none']) : [''])
      for (const query of ['', `?source=${good}`]) await ask('GET', `${path.replace(/:\w+/, id)}${query}`);
  }
  for (const path of ['/', '/v1', '/metrics', '/v1/openapi.json', '/v1/docs']) await ask('GET', path);
  await readStream();

  // Commands, with a database and a cloud that are not there, and with what is there.
  const config = ['--config', join(folder, 'guts.yaml')];
  const commands = [
    ['db', 'check', ...config],
    ['config', 'show', ...config],
    ['config', 'check', ...config],
    ['secret', 'list', ...config],
    ['secret', 'rotate', ...config],
    ['secret', 'check', ...config],
  ];
  const told: { from: string; text: string }[] = [];
  const run = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> => {
    for (const json of [[], ['--json']]) {
      const { out, err, code } = await guts([...json, ...args], { GUTS_DEBUG: '1', ...env }).ended;
      told.push({ from: `guts ${args.join(' ')} (${code})`, text: `${out}\n${err}` });
    }
  };
  for (const args of commands) await run(args);
  for (const scheme of ['postgresql', 'mariadb'])
    for (const login of [`guts:${DATABASE.core}@127.0.0.1:1`, `guts:${DATABASE.core}@:bad:`])
      await run(['db', 'check'], { GUTS_DATABASE_URL: `${scheme}://${login}/guts`, GUTS_STATE_DIR: state });
  await run(['scheduler'], {
    GUTS_DATABASE_URL: `oracle://guts:${DATABASE.core}@db/guts`,
    GUTS_STATE_DIR: state,
  });
  await run(['scheduler'], { GUTS_BUS_URL: `amqp://guts:${BUS.core}@:bad:/`, GUTS_STATE_DIR: state });
  await run(['migration', 'list'], { GUTS_API: api, GUTS_TOKEN: `${TOKEN.core}x` });

  for (const { child } of daemons) child.kill('SIGTERM');
  await Promise.all(daemons.map(({ ended }) => ended));
  watch.stop();

  const places = [
    ...answers,
    ...told,
    { from: 'logs', text: logs },
    ...readdirSync(state)
      .filter((name) => name.startsWith('guts.sqlite'))
      .map((name) => ({ from: name, text: readFileSync(join(state, name), 'latin1') })),
  ];
  const leaks = places.flatMap(({ from, text }) =>
    found(text, ALL).map((what) => `${what}: ${from}: ${text.slice(0, 1000)}`),
  );
  expect(leaks).toEqual([]);
  expect([...watch.seen]).toEqual([]);

  // It has looked where it should.
  expect(watch.marked).toBeGreaterThan(10);
  expect(told.some(({ text }) => /\| log_level +\| trace /.test(text))).toBe(true);
  for (const line of ['lease acquired', 'the broker cannot be reached', 'the operation failed'])
    expect(logs.includes(line)).toBe(true);
  expect(answers.filter(({ from }) => from.endsWith(' 200')).length).toBeGreaterThan(30);
  expect(told.filter(({ from }) => /\(0\)/.test(from)).length).toBeGreaterThanOrEqual(12);
  expect(told.filter(({ from }) => !/\(0\)/.test(from)).length).toBeGreaterThanOrEqual(12);
  const database = places.find(({ from }) => from === 'guts.sqlite');
  expect(database?.text).toContain('guts1.');
});

test('a canary is found however it is written', () => {
  const { core, password } = SOURCE;
  for (const text of [
    password,
    JSON.stringify({ password }),
    encodeURIComponent(password),
    Buffer.from(`user:${password}`).toString('base64'),
    Buffer.from(`us:${password}`).toString('base64'),
    Buffer.from(`u:${password}`).toString('base64url'),
    Buffer.from(password).toString('hex'),
  ])
    expect(found(`x ${text} y`, ALL)).toEqual(['source']);
  expect(found(core.slice(1), ALL)).toEqual([]);
});
