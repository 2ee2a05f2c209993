import { describe, expect, test } from 'vitest';
import { database, queue } from './backends.ts';
import { type Check, failed, type Finding, ok, warning } from './check.ts';
import { privateFile, stateDir } from './files.ts';
import { libdeflate, nodeVersion, openFiles, scratchSpace } from './host.ts';
import { keystone } from './keystone.ts';
import { checklist, exitCodeOf } from './output.ts';
import { runChecks } from './run.ts';
import { toolChecks } from './tools.ts';
import { vddkCheck } from './vddk.ts';

const signal = AbortSignal.timeout(60_000);
const verdictOf = async (check: Check): Promise<Finding['verdict'] | undefined> =>
  (await runChecks([check], signal))[0]?.verdict;
const facts =
  (mode: number, may = true) =>
  () =>
    Promise.resolve({ mode, readable: may, writable: may });
const gone = () => Promise.resolve(null);
const GIB = 2 ** 30;
const format = (bytes: number): string => `${bytes / GIB} GiB`;
const bus = (connected: boolean) => () =>
  Promise.resolve({
    health: () => ({ kind: 'rabbitmq' as const, connected, since: '', detail: 'refused' }),
    close: () => Promise.resolve(),
  });
const store =
  (pending: string[], ahead: string[] = []) =>
  () =>
    Promise.resolve({
      check: () => Promise.resolve({ current: pending.length === 0, pending, ahead }),
      close: () => Promise.resolve(),
    });
const user = (role: string) => () =>
  Promise.resolve({
    authUrl: 'https://k/v3',
    name: 'guts',
    project: 'service',
    roles: [role],
    insecure: false,
  });
const missing = ok('key file', 'not yet');
const server = 'postgresql://h/db';

test.for([
  ['a Node that is too old', nodeVersion('v20.19.4'), 'failed'],
  ['a Node that is old enough', nodeVersion('v20.20.0'), 'ok'],
  ['a newer Node', nodeVersion('v24.1.0'), 'ok'],
  [
    'few open files',
    openFiles(() => Promise.resolve('Max open files            1024     4096  files')),
    'warning',
  ],
  [
    'many open files',
    openFiles(() => Promise.resolve('Max open files            65536    65536 files')),
    'ok',
  ],
  ['a system without limits', openFiles(() => Promise.resolve(null)), 'ok'],
  ['a host with libdeflate', libdeflate(() => Promise.resolve(true)), 'ok'],
  ['a host without libdeflate', libdeflate(() => Promise.resolve(false)), 'warning'],
  ['little scratch space', scratchSpace('/s', () => Promise.resolve(GIB), format), 'warning'],
  ['much scratch space', scratchSpace('/s', () => Promise.resolve(100 * GIB), format), 'ok'],
  ['a scratch folder that is to be made', scratchSpace('/s', gone, format), 'ok'],
  ['a state folder of our own', stateDir('/s', facts(0o40700)), 'ok'],
  ['a state folder that is open', stateDir('/s', facts(0o40755)), 'warning'],
  ['a state folder of others', stateDir('/s', facts(0o40700, false)), 'failed'],
  ['a key that is private', privateFile('key file', '/k', missing, facts(0o100600)), 'ok'],
  ['a key that others read', privateFile('key file', '/k', missing, facts(0o100640)), 'warning'],
  ['a key of others', privateFile('key file', '/k', missing, facts(0o100600, false)), 'failed'],
  ['a key that is to be made', privateFile('key file', '/k', missing, gone), 'ok'],
  ['a current schema', database(server, store([])), 'ok'],
  ['an old schema', database(server, store(['004'])), 'failed'],
  ['a file that is brought up to date', database('sqlite:///f', store(['004'])), 'ok'],
  ['a newer schema', database(server, store([], ['009'])), 'warning'],
  ['a database that is away', database(server, () => Promise.reject(new Error('refused'))), 'failed'],
  ['a broker', queue('amqp://h', bus(true), () => Promise.resolve()), 'ok'],
  ['a broker that is away', queue('amqp://h', bus(false), () => Promise.resolve()), 'failed'],
  ['a service user that may check tokens', keystone(user('service')), 'ok'],
  ['a service user that may not', keystone(user('member')), 'failed'],
  ['a Keystone that is away', keystone(() => Promise.reject(new Error('refused'))), 'failed'],
] as const)('%s', async ([, check, verdict]) => {
  expect(await verdictOf(check)).toBe(verdict);
});

describe('a tool', () => {
  const of = async (answer: () => Promise<string | null>) => runChecks(toolChecks(answer), signal);
  test('that is absent is a warning with its use and its packages', async () => {
    const found = await of(gone);
    expect(found.map(({ verdict }) => verdict)).toEqual(Array(4).fill('warning'));
    expect(found.find(({ subject }) => subject === 'qemu-img')).toMatchObject({
      remedy: expect.stringMatching(/apt install qemu-utils.*dnf install qemu-img/),
    });
  });
  test('that is there tells its version; one that breaks says how', async () => {
    expect((await of(() => Promise.resolve('nbdkit 1.32.5')))[1]).toMatchObject({
      verdict: 'ok',
      message: 'nbdkit 1.32.5',
    });
    expect((await of(() => Promise.reject(new Error('lib.so'))))[0]?.message).toContain('lib.so');
  });
});

test('a library for VDDK that cannot be used is a failure with what to do; one that can is told', async () => {
  const obstacle = { message: 'no plugin', remedy: 'Install it.' };
  const found = await runChecks(
    [
      vddkCheck('/opt/vddk', () => Promise.resolve(null)),
      vddkCheck('/opt/vddk', () => Promise.resolve(obstacle)),
    ],
    signal,
  );
  expect(found).toMatchObject([
    { verdict: 'ok', message: expect.stringContaining('/opt/vddk') },
    { verdict: 'failed', ...obstacle },
  ]);
});

describe('the checklist', () => {
  const findings = [ok('a', 'fine'), warning('b', 'odd\u001b[2J', 'Mend it.'), failed('c', 'bad', null)];
  test('has marks on a terminal and words elsewhere, and no control characters', () => {
    expect(checklist(findings, true)).toBe(
      '✓ a: fine\n! b: odd\\x1b[2J\n  -> Mend it.\n✗ c: bad\n1 failed, 1 warning\n',
    );
    expect(checklist(findings, false)).toContain('FAILED  c: bad\n');
  });
  test('ends with 1 only when something has failed', () => {
    expect([exitCodeOf(findings), exitCodeOf(findings.slice(0, 2))]).toEqual([1, 0]);
  });
});
