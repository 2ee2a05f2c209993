import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = resolve(import.meta.dirname, '../src/main.ts');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-cloud-main-'));
});
afterAll(() => rm(folder, { recursive: true }));

function main(...args: string[]): {
  child: ChildProcess;
  lines: AsyncIterator<string>;
  errors: () => string;
} {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), errors: () => text };
}

test('says in one line where it is, writes clouds.yaml, and ends by SIGTERM', async () => {
  const config = join(folder, 'config.json');
  const cloudsYaml = join(folder, 'clouds.yaml');
  await writeFile(config, JSON.stringify({ stateDir: join(folder, 'state'), cloudsYaml }));
  const { child, lines, errors } = main('--config', config, '--admin-port', '0');
  const first = await lines.next();
  expect(errors()).toBe('');
  const ready = JSON.parse(String(first.value)) as {
    authUrl: string;
    adminUrl: string;
    users: { name: string }[];
  };
  expect((await fetch(ready.authUrl)).status).toBe(200);
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    return (await fetch(`${ready.adminUrl}${path}`, init)).json();
  };
  expect(await admin('GET', '/_lab/state')).toMatchObject({ servers: [], volumes: [], attachments: [] });
  const fault = { service: 'identity', path: '^/v3$', kind: 'status', status: 418 };
  expect(await admin('POST', '/_lab/faults', fault)).toEqual({ added: 1 });
  expect((await fetch(ready.authUrl)).status).toBe(418);
  expect((await fetch(ready.authUrl)).status).toBe(200);
  for (const bad of [{ kind: 'flood' }, { ...fault, path: '(' }])
    expect(await admin('POST', '/_lab/faults', bad)).toMatchObject({ error: expect.any(String) as string });
  expect(ready.users.map((one) => one.name)).toEqual(['admin', 'demo']);
  const { clouds } = JSON.parse(await readFile(cloudsYaml, 'utf8')) as { clouds: Record<string, unknown> };
  expect(Object.keys(clouds)).toEqual(['fake', 'fake-demo']);
  expect(clouds['fake-demo']).toMatchObject({ auth: { auth_url: ready.authUrl, username: 'demo' } });
  expect((await stat(cloudsYaml)).mode & 0o077).toBe(0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test.each([
  [[], /--config FILE/],
  [['--config', '/nowhere/config.json'], /nowhere/],
  [['--config', 'EMPTY'], /stateDir/],
])('refuses %j in words', async (args, message) => {
  const empty = join(folder, 'empty.json');
  await writeFile(empty, '{}');
  const { child, errors } = main(...args.map((one) => (one === 'EMPTY' ? empty : one)));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(errors()).toMatch(message);
  expect(errors()).not.toContain('    at ');
});
