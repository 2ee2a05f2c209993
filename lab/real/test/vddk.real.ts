import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  askNbdkitPlugin,
  cleanNbdkitFolders,
  type DiskReader,
  NbdkitError,
  type NbdkitReaderOptions,
  openNbdkitReader,
} from '@guts/disk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { digestOf, sha256 } from './support/nbd-judges.ts';
import {
  commandFor,
  isAlive,
  LIBRARY,
  NBDKIT,
  nbdkitTelling,
  PASSWORD,
  readForEver,
  serverIn,
  type StandIn,
  until,
} from './support/vddk.ts';

/** The real nbdkit with its real vddk plugin, over a stand-in for VMware's library: see lab/real/vddk. */
vi.setConfig({ testTimeout: 60_000 });
const MIB = 1024 * 1024;
const SIZE = 48 * MIB;
const DISK = '[DS 1] web 01/web 01.vmdk';
const { signal } = new AbortController();
let home: string;
let folder: string;
let digest: string;
const readers: DiskReader[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'guts-vddk-'));
  const handle = await open(join(home, 'disk.raw'), 'w');
  await handle.truncate(SIZE);
  for (const [at, length] of [
    [0, 100_000],
    [5 * MIB, 3 * MIB + 512],
    [20 * MIB, MIB],
    [SIZE - 65_536, 65_536],
  ] as const)
    await handle.write(randomBytes(length), 0, length, at);
  await handle.close();
  digest = await sha256(createReadStream(join(home, 'disk.raw')));
  writeFileSync(join(home, 'map'), `[DS] other.vmdk\t/nonexistent\n${DISK}\t${join(home, 'disk.raw')}\n`);
});
afterAll(() => rmSync(home, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(home, 'test-'));
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.close();
});

const at = (name: string): string => join(folder, name);
const telling = (more: StandIn = {}): string =>
  nbdkitTelling(at('nbdkit'), { MAP: join(home, 'map'), PASSWORD, LOG: at('log'), ...more });
function reading(program: string, more: Partial<NbdkitReaderOptions> = {}): DiskReader {
  const reader = openNbdkitReader({
    command: commandFor(program, DISK),
    parts: { runDir: at('run'), spawn, env: process.env, graceSeconds: 1 },
    size: SIZE,
    ...more,
  });
  readers.push(reader);
  return reader;
}
/** The fault strikes once. */
function once(fault: string): StandIn {
  writeFileSync(at('once'), '');
  return { FAULT: fault, ONCE: at('once') };
}
async function failure(work: Promise<unknown>): Promise<NbdkitError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NbdkitError);
  return error as NbdkitError;
}

describe('what is there', () => {
  const ask = (program: string, libraryDir: string): Promise<ReadonlyMap<string, string>> =>
    askNbdkitPlugin(
      { program, plugin: 'vddk', parameters: [['libdir', libraryDir]] },
      { spawn, env: process.env },
      signal,
    );
  test('is told by the plugin itself, which loads the library', async () => {
    const facts = await ask(NBDKIT, LIBRARY);
    expect(facts.get('vddk_library_version')).toBe('8');
    expect(facts.get('vddk_dll')).toBe(join(LIBRARY, 'lib64/libvixDiskLib.so.8'));
  });
  test('is not when the library is no library, or the folder is empty or gone', async () => {
    expect((await ask(NBDKIT, folder)).has('vddk_library_version')).toBe(false);
    expect(await failure(ask(NBDKIT, at('gone')))).toMatchObject({
      code: 'nbdkit_failed',
      message: expect.stringContaining(at('gone')),
    });
  });
  test('is not where nbdkit has no such plugin', async () => {
    expect(await failure(ask('/usr/bin/nbdkit', LIBRARY))).toMatchObject({ code: 'nbdkit_no_plugin' });
  });
});

test('a disk is read whole, byte for byte, without its holes, and the library is told what it needs', async () => {
  // Without a word on the password: its environment must not hold it by our own doing.
  const reader = reading(nbdkitTelling(at('nbdkit'), { MAP: join(home, 'map'), LOG: at('log') }));
  const found = await digestOf(reader, signal);
  expect(found.digest).toBe(digest);
  // 64 KiB is the unit of VDDK's map.
  expect(found.read).toBeLessThan(5 * MIB);
  const log = readFileSync(at('log'), 'utf8');
  expect(log).toContain(
    'ConnectEx server=vcenter.example.org port=0 user=me@vsphere.local thumbprint=AB:CD vm=moref=vm-42 readonly=1 snapshot=- transports=nbdssl\n',
  );
  expect(log).toContain(`Open ${DISK} flags=4\n`);
  expect(log.match(/ConnectEx/g)).toHaveLength(1);
  // Neither what it runs with nor what is left of it on disk has the password.
  const { pid, folder: own } = serverIn(at('run')) ?? { pid: 0, folder: '' };
  for (const name of ['cmdline', 'environ'])
    expect(readFileSync(`/proc/${pid}/${name}`, 'utf8')).not.toContain('päss');
  expect(readdirSync(own).sort()).toEqual(['nbd.sock', 'owner.json', 'server.json']);
  expect(log).not.toContain('päss');
  await reader.close();
  expect(isAlive(pid)).toBe(false);
  expect(readdirSync(at('run'))).toEqual([]);
});

test('a snapshot is named to the library', async () => {
  const program = telling();
  const { parameters, ...rest } = commandFor(program, DISK);
  const command = { ...rest, parameters: [...parameters, ['snapshot', 'snapshot-90'] as const] };
  await reading(program, { command }).read(0, new Uint8Array(512), signal);
  expect(readFileSync(at('log'), 'utf8')).toContain('snapshot=snapshot-90');
});

describe('what is refused is told with the words of the library', () => {
  test.for([
    [
      'a wrong password',
      { PASSWORD: 'another' },
      /stand-in error 18000: the server refuses the user or the password/,
    ],
    ['a disk that is not there', { MAP: '/nonexistent' }, /stand-in error 4: there is no such file/],
  ] as const)('%s', async ([, told, words]) => {
    const error = await failure(reading(telling(told)).read(0, new Uint8Array(512), signal));
    expect(error).toMatchObject({ code: 'nbdkit_refused', retryable: false });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain('päss');
    expect(readdirSync(at('run'))).toEqual([]);
  });
});

describe('a library that', () => {
  const sector = (5 * MIB + 2 * MIB) / 512;
  test.for([
    ['crashes', 'crash-at'],
    ['hangs', 'hang-at'],
    ['gives an error', 'error-at'],
  ] as const)('%s once in the middle: everything is read all the same', async ([, fault]) => {
    const renewals: string[] = [];
    const reader = reading(telling(once(`${fault}:${sector}`)), {
      stallSeconds: 2,
      onRenewal: (why) => renewals.push(why),
    });
    expect((await digestOf(reader, signal)).digest).toBe(digest);
    expect(existsSync(at('once'))).toBe(false);
    expect(renewals).toHaveLength(1);
    await reader.close();
    expect(readdirSync(at('run'))).toEqual([]);
  });

  test('gives an error for one place for ever is told so, in its words', async () => {
    const error = await failure(digestOf(reading(telling({ FAULT: `error-at:${sector}` })), signal));
    expect(error).toMatchObject({ code: 'nbdkit_io', retryable: true });
    expect(error.message).toContain('the stand-in was told to fail');
  });
});

test('a server that is killed in the middle is replaced', async () => {
  const renewals: string[] = [];
  const reader = reading(telling({ SLOW_MS: '50' }), { onRenewal: (why) => renewals.push(why) });
  const whole = digestOf(reader, signal);
  await until('a server', () => serverIn(at('run')) !== null);
  await pause(150);
  const { pid = 0 } = serverIn(at('run')) ?? {};
  process.kill(pid, 'SIGKILL');
  expect((await whole).digest).toBe(digest);
  expect(renewals.join()).toContain('was ended by SIGKILL');
  await reader.close();
  expect(readdirSync(at('run'))).toEqual([]);
});

describe('a worker that is killed', () => {
  test('takes its server with it; its folder goes with the next', async () => {
    const worker = readForEver(at('run'), telling({ SLOW_MS: '20' }), DISK, SIZE);
    await until('a server', () => serverIn(at('run')) !== null);
    const { pid = 0 } = serverIn(at('run')) ?? {};
    expect(await cleanNbdkitFolders(at('run'), Date.now())).toBe(0);
    worker.kill('SIGKILL');
    await until('its end', () => !isAlive(pid));
    expect(await cleanNbdkitFolders(at('run'), Date.now())).toBe(1);
    expect(readdirSync(at('run'))).toEqual([]);
  });

  test('leaves one that hangs in its library to the next, who kills it', async () => {
    const worker = readForEver(at('run'), telling(once('hang-at:0')), DISK, SIZE);
    await until('the hang', () => !existsSync(at('once')));
    const { pid = 0 } = serverIn(at('run')) ?? {};
    worker.kill('SIGKILL');
    await until('the end of the worker', () => worker.signalCode !== null);
    await cleanNbdkitFolders(at('run'), Date.now());
    await until('its end', () => !isAlive(pid));
    expect(readdirSync(at('run'))).toEqual([]);
  });
});
