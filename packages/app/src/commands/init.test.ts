import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../config.ts';
import { type InitOptions, runInit } from './init.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guts-init-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function init(
  options: Partial<InitOptions>,
  answers: readonly string[] | null = null,
): Promise<string> {
  let out = '';
  const left = [...(answers ?? [])];
  await runInit(
    { yes: false, force: false, ...options },
    {
      env: { HOME: folder },
      out: { write: (text) => (out += text) },
      input: process.stdin,
      prompts: process.stderr,
      ask: answers === null ? null : () => Promise.resolve(left.shift() ?? ''),
    },
  );
  return out;
}
const path = () => join(folder, 'guts.yaml');

test('--yes writes what options say, for this user alone, and tells what comes next', async () => {
  const out = await init({ yes: true, config: path(), stateDir: join(folder, 'state'), listenPort: '7001' });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(loadConfig(path(), {})).toMatchObject({ stateDir: join(folder, 'state'), listenPort: 7001 });
  expect(out).toContain(`guts all --config ${path()}`);
});

test('a dialogue asks again for what is of no use', async () => {
  await init({ config: path() }, [join(folder, 'state'), 'e', 't', '0.0.0.0', 'seven', '7002']);
  expect(loadConfig(path(), {})).toMatchObject({
    stateDir: join(folder, 'state'),
    listenHost: '0.0.0.0',
    listenPort: 7002,
  });
});

test('a file that is there is written over only by force', async () => {
  writeFileSync(path(), 'slots: 2\n', { mode: 0o644 });
  await expect(init({ yes: true, config: path() })).rejects.toThrow(/--force/);
  expect(readFileSync(path(), 'utf8')).toBe('slots: 2\n');
  await init({ yes: true, force: true, config: path(), stateDir: folder });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test('a database that does not answer is told, and nothing is written', async () => {
  const databaseUrl = 'postgresql://guts@127.0.0.1:9/guts';
  await expect(init({ yes: true, config: path(), stateDir: folder, databaseUrl })).rejects.toThrow(
    /database/,
  );
  expect(() => statSync(path())).toThrow(/ENOENT/);
});

test.for([
  [{ yes: true, databaseUrl: 'postgresql://guts:geheim@h/db' }, /password_file/],
  [{ yes: true, listenPort: '0' }, /no port/],
  [{}, /nobody is there.*--yes/],
] as const)('%j is refused', async ([options, message]) => {
  const asked = init({ config: path(), stateDir: folder, ...options });
  await expect(asked).rejects.toThrow(message);
  await expect(asked).rejects.not.toThrow(/geheim/);
});
