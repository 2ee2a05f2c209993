import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
};

test('environment over file over defaults; the state folder moves what lies in it', () => {
  const config = loadConfig(file('listen_port: 7001\nslots: 2\n'), {
    GUTS_SLOTS: '9',
    GUTS_STATE_DIR: '/srv/guts',
  });
  expect(config).toMatchObject({
    listenPort: 7001,
    slots: 9,
    listenHost: '127.0.0.1',
    tokenFile: '/srv/guts/token',
    scratchDir: '/srv/guts/scratch',
    bandwidthMiBPerSecond: 0,
    databaseUrl: 'sqlite:///srv/guts/guts.sqlite',
  });
});

test('folders are separated by colons', () => {
  const { volumeRoots } = loadConfig(file('volume_roots: /srv/a:/srv/b/\n'), {});
  expect(volumeRoots).toEqual(['/srv/a', '/srv/b']);
});

test.each([
  ['prot: 1\n', /unknown setting 'prot'/],
  ['- a\n', /map of settings/],
  ['listen_port: many\n', /'listen_port' must be a whole number/],
  ['listen_host: 5\n', /'listen_host' must be a text/],
  ['metrics_open: maybe\n', /'metrics_open' must be true or false/],
  ['public_url: guts.example.org\n', /'public_url' must be like https/],
  ['a: [\n', /configuration file/],
])('%j is refused', (text, message) => expect(() => loadConfig(file(text), {})).toThrow(message));

test('an error in the file shows nothing of it, for an address may hold a password', () => {
  const broken = file('slots: 2\ndatabase_url: "postgresql://guts:hunter2@db/guts\n');
  expect(() => loadConfig(broken, {})).toThrow(/line \d is not readable as YAML/);
  expect(() => loadConfig(broken, {})).not.toThrow(/hunter2/);
});

test('a missing file and a bad variable are named', () => {
  expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(/none\.yaml/);
  expect(() => loadConfig(null, { GUTS_SLOTS: '-1' })).toThrow(/GUTS_SLOTS/);
});
