import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Lab, NOTHING, guts, useLab } from './lab.ts';

let lab: Lab;
useLab((one) => (lab = one));

describe('bad input is told, with its exit code, and leaves all as it was', { timeout: 60_000 }, () => {
  afterAll(() => lab.cloud.setQuotas('demo', { instances: 10 }));
  const cases: readonly (readonly [
    what: string,
    instance: string,
    options: readonly string[],
    env: NodeJS.ProcessEnv,
    code: number,
    message: RegExp,
  ])[] = [
    [
      'a wrong password',
      'web',
      [],
      { GUTS_SOURCE_PASSWORD: 'oops-wrong' },
      7,
      /refuses the user name or the password/,
    ],
    ['no password', 'web', [], { GUTS_SOURCE_PASSWORD: '' }, 2, /--password-file/],
    ['an unknown instance', 'nobody', [], {}, 3, /has no instance "nobody"/],
    ['an ambiguous instance', 'twin', [], {}, 3, /2 instances are called "twin"[\s\S]*DC0\/vm\/a\/twin/],
    [
      'an unknown cloud',
      'web',
      ['--cloud', 'nimbus'],
      {},
      2,
      /has no cloud "nimbus"; it has: fake, fake-demo/,
    ],
    ['an unknown network', 'web', ['--network', 'moon'], {}, 6, /moon/],
    ['no fitting flavor', 'huge', [], {}, 6, /flavor/],
    ['an unknown flavor', 'web', ['--flavor', 'xxl'], {}, 6, /xxl/],
    ['an unknown security group', 'web', ['--security-group', 'gate'], {}, 6, /gate/],
    [
      'a MAC on a shared network',
      'web',
      ['--network', 'provider1'],
      {},
      8,
      /may not choose 00:50:56:00:00:01/,
    ],
    [
      'an option that is none',
      'web',
      ['--transport', 'pigeon'],
      {},
      2,
      /Allowed choices are auto, lease, datastore/,
    ],
    [
      'a guest that does not stop',
      'stubborn',
      ['--power', 'guest-only', '--shutdown-seconds', '1'],
      {},
      7,
      /did not stop within 1 seconds/,
    ],
  ];
  test.for(cases)('%s', async ([, instance, options, env, code, message]) => {
    const ended = await lab.migrate(instance, options, env);
    expect(ended.out + ended.err).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.out + ended.err).not.toMatch(/oops-wrong|fake-vcenter-password|\bat .*\.ts:\d+/);
    expect(lab.left()).toEqual(NOTHING);
    for (const name of ['web', 'huge', 'stubborn'])
      expect(lab.vcenter.machine(name).powerState).toBe('poweredOn');
  });

  test('a quota that is too small', async () => {
    lab.cloud.setQuotas('demo', { instances: 0 });
    const ended = await lab.migrate('web');
    lab.cloud.setQuotas('demo', { instances: 10 });
    expect(ended.out).toMatch(/quota|instances/);
    expect(ended.code).toBe(6);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web').powerState).toBe('poweredOn');
  });

  test('a limit on images that is used up', async () => {
    lab.cloud.setQuotas('demo', { imageCountTotal: 0 });
    const ended = await lab.migrate('web');
    lab.cloud.setQuotas('demo', { imageCountTotal: -1 });
    expect(ended.out).toMatch(/quota of project demo for images has 0 left; 1 are needed/);
    expect(ended.code).toBe(6);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web').powerState).toBe('poweredOn');
  });

  test('an untrusted certificate is shown with its fingerprint', async () => {
    const args = ['migrate', '--source', lab.vcenter.url, '--cloud', 'fake-demo', '--instance', 'web'];
    const ended = await guts(args, lab.env).ended;
    expect(ended.code).toBe(7);
    expect(ended.err).toContain(lab.vcenter.fingerprintSha256);
  });

  test('a host that does not answer', async () => {
    const args = ['migrate', '--source', 'https://127.0.0.1:9', '--cloud', 'fake-demo', '--instance', 'web'];
    const ended = await guts(args, lab.env).ended;
    expect(ended).toMatchObject({ code: 7, err: expect.stringContaining('127.0.0.1:9 cannot be reached') });
  });

  test.for([
    ['cut short', { kind: 'truncate', bytes: 150_000 }],
    ['damaged', { kind: 'corrupt', offset: 200_000 }],
  ] as const)('an export that is %s', async ([, fault]) => {
    lab.vcenter.faults.add({ path: '/nfc', ...fault });
    const ended = await lab.migrate('web', ['--transport', 'lease']);
    expect(ended.out + ended.err).toMatch(/damaged or incomplete|cannot be reached/);
    expect([7, 9]).toContain(ended.code);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web').powerState).toBe('poweredOn');
  });

  test('a state folder that cannot be written', async () => {
    const file = join(lab.folder, 'a-file');
    await writeFile(file, '');
    const ended = await lab.migrate('web', [], { GUTS_STATE_DIR: join(file, 'state') });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('state folder') });
  });

  test('a database that is none', async () => {
    const folder = join(lab.folder, 'broken');
    await mkdir(folder);
    await writeFile(join(folder, 'one-shot.sqlite'), 'this is a letter, not a database; '.repeat(100));
    await chmod(folder, 0o700);
    const ended = await lab.migrate('web', [], { GUTS_STATE_DIR: folder });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('one-shot.sqlite') });
    expect(await readFile(join(folder, 'one-shot.sqlite'), 'utf8')).toContain('this is a letter');
  });
});
