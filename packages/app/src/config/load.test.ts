import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GutsError } from '@guts/core';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

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

test('folders are separated by colons, or a list', () => {
  const roots = ['/srv/a', '/srv/b'];
  expect(loadConfig(file('volume_roots: /srv/a:/srv/b/\n'), {}).volumeRoots).toEqual(roots);
  expect(loadConfig(file('volume_roots: [/srv/a, /srv/b/]\n'), {}).volumeRoots).toEqual(roots);
});

test.each([
  ['prot: 1\n', /:1: unknown setting 'prot'/],
  ['slots: 1\nlisten-prot: 1\n', /:2: unknown setting 'listen-prot'; did you mean 'listen_port'\?/],
  ['- a\n', /map of settings/],
  ['listen_port: many\n', /'listen_port' must be a whole number/],
  ['listen_port: 70000\n', /at most 65535/],
  ['slots: 0\n', /'slots' must be a whole number of 1 or more/],
  ['lease_seconds: 2147484\n', /at most 2147483/],
  ['listen_host: 5\n', /'listen_host' must be a text/],
  ['log_level: loud\n', /'log_level' must be one of trace, debug/],
  ['metrics_open: maybe\n', /'metrics_open' must be true or false/],
  ['public_url: guts.example.org\n', /'public_url' must be like https/],
  ['public_url: https://guts.example.org/a;b\n', /'public_url' must be like https/],
  ['public_url: https://[guts/\n', /'public_url' must be like https/],
  ['vddk_transports: nbdssl, nbd\n', /'vddk_transports' must be transport modes/],
  ['bus_url:\n', /'bus_url' must be an address/],
  ['slots: 1\nslots: 2\n', /:2: line 2 has a key that is there already/],
  ['limits:\n  host_stream: 3\n', /:2: unknown limit 'host_stream'; did you mean 'host_streams'\?/],
  ['a: [\n', /configuration file/],
])('%j is refused', (text, message) => expect(() => loadConfig(file(text), {})).toThrow(message));

test('everything that is wrong is told at once, with its line', () => {
  const path = file('slot: 2\nlisten_port: x\nlimits:\n  overrides:\n    esx1: 1\n');
  let thrown: unknown;
  try {
    loadConfig(path, { GUTS_METRICS_OPEN: 'yes' });
  } catch (error) {
    thrown = error;
  }
  const { code, message, details } = thrown as GutsError;
  expect(code).toBe('configuration');
  expect(message.split('\n')).toEqual([
    'the configuration has 4 faults',
    `  configuration file ${path}:1: unknown setting 'slot'; did you mean 'slots'?`,
    `  configuration file ${path}:2: 'listen_port' must be a whole number of 0 or more, and at most 65535`,
    `  configuration file ${path}:5: 'esx1' names no resource`,
    "  environment variable GUTS_METRICS_OPEN: 'metrics_open' must be true or false",
  ]);
  expect(details?.['faults']).toHaveLength(4);
});

test('an error in the file shows nothing of it, for an address may hold a password', () => {
  const broken = file('slots: 2\ndatabase_url: "postgresql://guts:hunter2@db/guts\n');
  expect(() => loadConfig(broken, {})).toThrow(/line \d is not readable as YAML/);
  expect(() => loadConfig(broken, {})).not.toThrow(/hunter2/);
  expect(() => loadConfig(file('database_url: hunter2\n'), {})).toThrow(/must be an address/);
  expect(() => loadConfig(file('database_url: hunter2\n'), {})).not.toThrow(/hunter2/);
});

test('a missing file and a bad variable are named', () => {
  expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(/none\.yaml/);
  expect(() => loadConfig(null, { GUTS_SLOTS: '-1' })).toThrow(/GUTS_SLOTS/);
});
