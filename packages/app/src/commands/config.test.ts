import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkConfig, showConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-config-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

function run(
  command: typeof showConfig,
  path: string | null,
  env: NodeJS.ProcessEnv,
  json = false,
): { out: string; err: string } {
  const told = { out: '', err: '' };
  command(path, {
    env: { HOME: folder, ...env },
    json,
    out: { write: (text) => (told.out += text) },
    err: { write: (text) => (told.err += text) },
  });
  return told;
}

test('show tells where each value comes from, and no password', () => {
  const path = file('show.yaml', 'slots: 2\n\ndatabase_url: postgresql://guts:hunter2@db/guts\n');
  const env = { GUTS_BUS_URL: 'amqp://guts:hunter3@mq/guts' };
  const { out } = run(showConfig, path, env, true);
  const { settings } = JSON.parse(out) as { settings: { name: string }[] };
  const of = (name: string) => settings.find((one) => one.name === name);
  expect(of('slots')).toEqual({
    name: 'slots',
    value: 2,
    from: 'file',
    where: `configuration file ${path}:1`,
  });
  expect(of('database_url')).toMatchObject({ value: 'postgresql://guts:***@db/guts' });
  expect(of('bus_url')).toMatchObject({
    value: 'amqp://guts:***@mq/guts',
    where: 'environment variable GUTS_BUS_URL',
  });
  expect(of('lease_seconds')).toMatchObject({ value: 60, from: 'default' });
  expect(of('limits.host_streams')).toMatchObject({ value: 10, from: 'default' });
  const table = run(showConfig, path, env).out;
  expect(table).toMatch(/\| slots +\| 2 +\| configuration file/);
  expect(out + table).not.toMatch(/hunter/);
});

test('check tells all faults of the file, of the values and of the files they name', () => {
  const policy = file('policy.yaml', 'migration:nothing: role:x\n');
  const path = file(
    'check.yaml',
    `slotz: 1\ndatabase_url: oracle://db/x\nbus_password_file: ${folder}/none\npolicy_file: ${policy}\n`,
  );
  const check = (): unknown => run(checkConfig, path, {});
  expect(check).toThrow(/check\.yaml:1: unknown setting 'slotz'/);
  expect(check).toThrow(/check\.yaml:2: 'database_url' is no address of a kind/);
  expect(check).toThrow(/check\.yaml:3: 'bus_password_file': ENOENT/);
  expect(check).toThrow(/check\.yaml:4: policy file .* there is no such rule/);
});

test('check warns of variables that nobody reads, and of secrets that everybody can', () => {
  const token = file('token', 'x');
  chmodSync(token, 0o644);
  const env = { GUTS_SLOT: '3', GUTS_POINT_AT: 'x', GUTS_SLOTS: '3', GUTS_TOKEN_FILE: token };
  const { out, err } = run(checkConfig, null, env);
  expect(out).toBe('defaults and environment: nothing is wrong\n');
  expect(err.split('\n')).toEqual([
    'guts: warning: environment variable GUTS_POINT_AT is for tests of GUTS: it makes daemons fail',
    'guts: warning: environment variable GUTS_SLOT is none that guts knows; did you mean GUTS_SLOTS?',
    `guts: warning: token_file ${token} is open to every user of this host: chmod 0600 it`,
    '',
  ]);
});
