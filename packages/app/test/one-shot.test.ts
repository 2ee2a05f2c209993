import type { ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compareDisks } from '../../../lab/checker/src/compare.ts';
import { guts, Lab, LONG_NAME, ODD_NAME } from './lab.ts';

const NOTHING = { ports: 0, images: 0, volumes: 0, servers: 0 };
let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
}, 30_000);
afterEach(() => {
  for (const map of [lab.cloud.servers, lab.cloud.images, lab.cloud.ports, lab.cloud.volumes])
    (map as Map<string, unknown>).clear();
});
afterAll(() => lab.close());

describe('guts migrate', { timeout: 60_000 }, () => {
  test('moves a machine whose name is a bad day of its own', async () => {
    const ended = await lab.migrate(ODD_NAME, [
      '--name',
      LONG_NAME,
      '--boot-pattern',
      'GUTS-GUEST-READY',
      '--verify-boot',
      'require',
    ]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toContain('completed, verified (1 disk), boot: proven');
    expect(lab.vcenter.machine(ODD_NAME).powerState).toBe('poweredOff');
    const [server] = [...lab.cloud.servers.values()];
    expect(server?.name).toBe(LONG_NAME);
    const source = lab.vcenter.machine(ODD_NAME).disks[0]!.path;
    expect(await compareDisks(source, lab.cloud.rootDiskPath(server!.id))).toMatchObject({ equal: true });
    expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 0, servers: 1 });
  });

  test('--dry-run shows what it would make, asks both ends, and makes nothing', async () => {
    lab.vcenter.machine(ODD_NAME).setPower('poweredOn');
    const shown = await lab.migrate(ODD_NAME, ['--dry-run']);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).toMatch(/→ \| image, which the server boots from/);
    expect(shown.out).toContain('port on private');
    expect(shown.out).toContain('Nothing was made; without --dry-run it is.');
    expect(shown.out).not.toContain('Not asked here');
    expect(lab.vcenter.machine(ODD_NAME).powerState).toBe('poweredOn');
    expect(lab.left()).toEqual(NOTHING);
    const blocked = await lab.migrate(ODD_NAME, ['--dry-run', '--flavor', 'none']);
    expect(blocked).toMatchObject({ code: 6 });
    expect(blocked.out).toContain("the destination has no flavor 'none'");
  });

  test('--json tells the report and nothing else', async () => {
    lab.vcenter.machine(ODD_NAME).setPower('poweredOn');
    const source = ['--source', lab.vcenter.url, '--fingerprint', lab.vcenter.fingerprintSha256];
    const target = ['--cloud', 'fake-demo', '--network', 'private', '--transport', 'lease'];
    const ended = await guts(['--json', 'migrate', ...source, ...target, '--instance', ODD_NAME], lab.env)
      .ended;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.out)).toMatchObject({ status: 'completed', verified: true, instance: ODD_NAME });
  });
});

/** Resolves when the process has said it. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      if (seen.includes(text)) resolve();
    });
    child.once('close', () => reject(new Error(`it never said "${text}", but: ${seen}`)));
  });
}

describe('a run that is cut off', { timeout: 120_000 }, () => {
  afterEach(() => {
    lab.vcenter.faults.clear();
    lab.vcenter.machine('web').setPower('poweredOn');
  });

  test.for(['baseline done', 'transfer done', 'provision done'])(
    'killed after "%s" goes on when the same command is run again',
    async (moment) => {
      const state = {
        GUTS_LEASE_SECONDS: '5',
        GUTS_STATE_DIR: join(lab.folder, `killed-${moment.split(' ')[0]}`),
      };
      // Long enough in its last steps to be killed there.
      const slow = ['--boot-pattern', 'never shown', '--boot-seconds', '4'];
      const first = lab.start('web', slow, state);
      await said(first.child, moment);
      first.child.kill('SIGKILL');
      await first.ended;
      const second = await lab.migrate('web', slow, state);
      expect(second.out).toContain('completed, verified (1 disk)');
      expect(second.code).toBe(0);
      expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 0, servers: 1 });
      const [server] = [...lab.cloud.servers.values()];
      const source = lab.vcenter.machine('web').disks[0]!.path;
      expect(await compareDisks(source, lab.cloud.rootDiskPath(server!.id))).toMatchObject({ equal: true });
    },
  );

  test('is not gone on with by a command with other options, but put back when so told', async () => {
    const state = { GUTS_LEASE_SECONDS: '5', GUTS_STATE_DIR: join(lab.folder, 'killed-otherwise') };
    lab.vcenter.faults.add({ path: '/folder', kind: 'delay', ms: 1500 });
    const first = lab.start('web', [], state);
    await said(first.child, 'baseline done');
    first.child.kill('SIGKILL');
    await first.ended;
    lab.vcenter.faults.clear();
    const other = await lab.migrate('web', ['--flavor', 'm1.tiny'], state);
    expect(other).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--flavor \(then none, now "m1.tiny"\)[^]*guts migrate --action cancel/),
    });
    const line = /guts (migrate --action cancel .*)/.exec(other.err)?.[1]?.split(' ') ?? [];
    expect(await guts(line, { ...lab.env, ...state }).ended).toMatchObject({ code: 0 });
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web')).toMatchObject({ powerState: 'poweredOn', exporting: false });
  });

  test('interrupted once puts everything back', async () => {
    lab.vcenter.faults.add({ path: '/folder', kind: 'delay', ms: 1500 });
    const run = lab.start('web');
    await said(run.child, 'baseline done');
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.err).toContain('Putting everything back');
    expect(ended.code).toBe(5);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('web')).toMatchObject({ powerState: 'poweredOn', exporting: false });
  });
});

describe(
  'bad input is told in words, with its exit code, and leaves everything as it was',
  { timeout: 60_000 },
  () => {
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
      const args = [
        'migrate',
        '--source',
        'https://127.0.0.1:9',
        '--cloud',
        'fake-demo',
        '--instance',
        'web',
      ];
      const ended = await guts(args, lab.env).ended;
      expect(ended).toMatchObject({ code: 7, err: expect.stringContaining('127.0.0.1:9 cannot be reached') });
    });

    test.for([
      ['cut short', { kind: 'truncate', bytes: 150_000 }],
      ['damaged', { kind: 'corrupt', offset: 200_000 }],
    ] as const)('an export that is %s', async ([, fault]) => {
      lab.vcenter.faults.add({ path: '/nfc', ...fault });
      const ended = await lab.migrate('web', ['--transport', 'lease']);
      lab.vcenter.faults.clear();
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
  },
);

describe('guts all', { timeout: 60_000 }, () => {
  test('says so when its port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ended = await guts(['all'], { ...lab.env, GUTS_LISTEN_PORT: String(port) }).ended;
    server.close();
    expect(ended).toMatchObject({
      code: 2,
      err: expect.stringContaining(`port ${port} of 127.0.0.1 is taken`),
    });
  });
});
