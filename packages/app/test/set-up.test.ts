import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runInit } from '../src/commands/init.ts';
import { loadConfig } from '../src/config.ts';
import type { Finding } from '../src/doctor/check.ts';
import { type Daemon, freePort, startAll } from './daemon.ts';
import { guts } from './lab.ts';

/** From nothing to a GUTS that a Keystone guards, as an operator comes to it: init, all, doctor. */
let folder: string;
let config: string;
let clouds: string;
let port: number;
let cloud: Cloud;
let vcenter: VCenter;
let daemon: Daemon | null = null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-set-up-'));
  config = join(folder, 'guts.yaml');
  clouds = join(folder, 'clouds.yaml');
  port = await freePort();
  cloud = await startCloud({ stateDir: join(folder, 'cloud') });
  await cloud.writeCloudsYaml(clouds);
  vcenter = await startVCenter({ stateDir: join(folder, 'vcenter'), taskMs: 5 });
}, 60_000);
afterAll(async () => {
  await daemon?.stop();
  await cloud.close();
  await vcenter.close();
  await rm(folder, { recursive: true, force: true });
});

/** As an administrator of the cloud. */
const env = (): NodeJS.ProcessEnv => ({
  HOME: folder,
  OS_CLIENT_CONFIG_FILE: clouds,
  OS_CLOUD: 'fake',
  GUTS_API: `http://127.0.0.1:${port}`,
});

/** `guts doctor`: its exit code, and what it found by subject. */
async function doctor(): Promise<{ code: number | null; found: Map<string, Finding> }> {
  const { code, out, err } = await guts(['doctor', '--config', config, '--format', 'json'], env()).ended;
  if (out === '') throw new Error(err);
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
  return { code, found: new Map(findings.map((one) => [one.subject, one])) };
}
const verdicts = (found: ReadonlyMap<string, Finding>, subjects: readonly string[]) =>
  Object.fromEntries(subjects.map((subject) => [subject, found.get(subject)?.verdict]));

test('init asks for the service user until Keystone lets it in', async () => {
  const answers = [join(folder, 'state'), 'e', 'k', clouds, 'nimbus', clouds, 'fake', '', String(port)];
  let out = '';
  await runInit(
    { yes: false, force: false, config },
    {
      env: { HOME: folder },
      out: { write: (text) => (out += text) },
      input: process.stdin,
      prompts: process.stderr,
      ask: () => Promise.resolve(answers.shift() ?? ''),
    },
  );
  expect(out).toMatch(/no cloud "nimbus"[^]*Once more:[^]*Keystone: http:.* logs in/);
  expect(loadConfig(config, {})).toMatchObject({
    auth: 'keystone',
    keystoneCloud: 'fake',
    keystoneCloudsFile: clouds,
    listenPort: port,
  });
});

test('init --yes refuses a Keystone that does not let it in', async () => {
  const line = ['--auth', 'keystone', '--keystone-cloud', 'nimbus', '--keystone-clouds-file', clouds];
  const refused = await guts(['init', '--yes', '--config', join(folder, 'other.yaml'), ...line], env()).ended;
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('no cloud "nimbus"') });
});

test('doctor finds no guts-api before it is started, and all the rest', async () => {
  const { found } = await doctor();
  expect(verdicts(found, ['configuration', 'database', 'Keystone', 'guts-api'])).toEqual({
    configuration: 'ok',
    database: 'ok',
    Keystone: 'ok',
    'guts-api': 'warning',
  });
});

test('doctor asks the daemons, and has a worker validate each source and destination', async () => {
  daemon = await startAll(port, ['--config', config], { HOME: folder });
  const empty = await doctor();
  expect(verdicts(empty.found, ['guts-api', 'workers', 'sources', 'destinations'])).toEqual({
    'guts-api': 'ok',
    workers: 'ok',
    sources: 'warning',
    destinations: 'warning',
  });
  expect(empty.code).toBe(0);
  const { url, username, password, fingerprintSha256 } = vcenter;
  const create = (name: string, secret: string) => {
    const settings = [`url=${url}`, `username=${username}`, `fingerprint=${fingerprintSha256}`];
    const line = ['source', 'create', name, '--set', ...settings, '--secret-file', '-'];
    const made = guts(line, env(), `password: ${JSON.stringify(secret)}\n`);
    return made.ended;
  };
  expect(await create('vc', password)).toMatchObject({ code: 0 });
  expect(await create('locked', 'wrong')).toMatchObject({ code: 0 });
  const { code, found } = await doctor();
  expect(code).toBe(1);
  expect(found.get('source "vc"')).toMatchObject({ verdict: 'ok' });
  expect(found.get('source "locked"')).toMatchObject({
    verdict: 'failed',
    message: expect.stringContaining('refuses the user name or the password'),
    remedy: expect.any(String),
  });
}, 60_000);

test('doctor tells a Keystone that is away', async () => {
  await cloud.close();
  const { code, found } = await doctor();
  expect(code).toBe(1);
  expect(found.get('Keystone')).toMatchObject({
    verdict: 'failed',
    message: expect.stringContaining('does not answer'),
  });
}, 60_000);
