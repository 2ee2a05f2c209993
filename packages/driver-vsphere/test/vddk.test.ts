import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG, type SourceConnection } from '@guts/core';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { vddkCommand } from '../src/disks/vddk.ts';
import { createVSphereDriver, type VddkOptions } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
const NO_PLUGIN =
  'nbdkit: error: cannot open plugin "/x/nbdkit-vddk-plugin.so": /x/nbdkit-vddk-plugin.so: cannot open shared object file';
let vcenter: VCenter;
let folder: string;

beforeAll(async () => {
  const disk = { sizeBytes: 2 ** 20 };
  vcenter = await startVCenter({ machines: [{ name: 'web', disks: [disk, disk] }] });
});
afterAll(() => vcenter.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guts-vddk-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** A script in the place of nbdkit. */
function options(script: string, more: Partial<VddkOptions> = {}): VddkOptions {
  const program = join(folder, 'nbdkit');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o700);
  const runDir = join(folder, 'run');
  return { program, libraryDir: '/opt/vddk', modes: 'nbdssl', runDir, spawn, env: process.env, ...more };
}

async function connected(vddk?: VddkOptions): Promise<SourceConnection> {
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  const source = await createVSphereDriver(undefined, vddk).connect(config, { signal, log: SILENT_LOG });
  onTestFinished(() => source.close());
  return source;
}

test('a worker tells of the transport that it is set up for', () => {
  const told = (vddk?: VddkOptions) => createVSphereDriver(undefined, vddk).schemas.transports;
  expect(told()).toEqual(['lease', 'datastore']);
  expect(told(options(''))).toEqual(['lease', 'datastore', 'vddk']);
});

describe('what keeps a worker from reading by VDDK is found by preflight, with what to do', () => {
  test.for<readonly [string, () => VddkOptions | undefined, RegExp, RegExp]>([
    ['no library is configured', () => undefined, /vddk_dir is not set/, /GUTS_VDDK_DIR/],
    [
      'no nbdkit',
      () => options('', { program: '/nonexistent/nbdkit' }),
      /ENOENT/,
      /apt install nbdkit,.*nbdkit_path/,
    ],
    [
      'no plugin',
      () => options(`echo '${NO_PLUGIN}' >&2; exit 1`),
      /nbdkit-vddk-plugin\.so/,
      /nbdkit-plugin-vddk/,
    ],
    [
      'no library that loads',
      () => options('echo name=vddk'),
      /\/opt\/vddk \(vddk_dir\) has no library/,
      /lib64/,
    ],
    [
      'no such folder',
      () => options('echo "nbdkit: error: realpath: /opt/vddk: No such file" >&2; exit 1'),
      /realpath/,
      /vddk_dir/,
    ],
    [
      'too long a path for sockets',
      () => options('echo vddk_library_version=8', { runDir: `/${'x'.repeat(100)}` }),
      /107 are allowed/,
      /state_dir/,
    ],
  ])('%s', async ([, make, message, remedy]) => {
    const vddk = make();
    const source = await connected(vddk);
    const instance = await source.inspect(vcenter.machine('web').id, signal);
    const found = await source.checkTransport(instance, 'vddk', signal);
    expect(found).toMatchObject([
      {
        severity: 'blocker',
        code: 'transport.vddk',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      },
    ]);
    // Whoever validates the source is told as well, where a library is meant to be.
    const { findings } = await source.validate(signal);
    const told = findings.filter(({ code }) => code === 'source.vddk');
    expect(told.map((one) => one.severity)).toEqual(vddk ? ['warning'] : []);
    expect(told.every((one) => message.test(one.message))).toBe(true);
  });

  test('nothing, and the host answers', async () => {
    const source = await connected(options('echo vddk_library_version=8'));
    const instance = await source.inspect(vcenter.machine('web').id, signal);
    expect(await source.checkTransport(instance, 'vddk', signal)).toEqual([]);
  });

  test('a host that does not answer, where data comes over a network', async () => {
    const { checkVddk } = await import('../src/check-vddk.ts');
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const address = closed.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const host = { address: '127.0.0.1', port, thumbprint: null };
    const found = async (modes: string) =>
      checkVddk(options('echo vddk_library_version=8', { modes }), host, signal);
    expect(await found('san:nbdssl')).toMatchObject([
      { code: 'transport.vddk', message: expect.stringContaining(`does not answer on port ${port}`) },
    ]);
    expect(await found('hotadd')).toEqual([]);
  });
});

test('a disk is asked for as nbdkit wants it: the certificate that was trusted, the password by a file alone', async () => {
  const note = join(folder, 'note');
  const vddk = options(
    `for one in "$@"; do echo "$one" >> ${note}; case $one in password=+*) cat "\${one#password=+}" > ${note}.password;; esac; done\nenv > ${note}.env; echo 'nbdkit: error: enough' >&2; exit 1`,
  );
  const source = await connected(vddk);
  const { id } = vcenter.machine('web');
  const instance = await source.inspect(id, signal);
  const session = await source.openDisks(instance, 'vddk', ['2000', '2001'], new Map(), signal);
  expect(session).toMatchObject({ transport: 'vddk', externalId: null });
  expect(session.disks.map(({ key }) => key)).toEqual(['2000', '2001']);
  const [, second] = session.disks;
  const disk = second?.source;
  if (disk?.kind !== 'reader') throw new Error('no reader');
  await expect(disk.read(0, new Uint8Array(512), signal)).rejects.toMatchObject({
    code: 'disk_transport',
    transient: false,
    message: expect.stringContaining('enough'),
    remedy: expect.stringContaining('--transport'),
  });
  const { hostname, port } = new URL(vcenter.url);
  const args = readFileSync(note, 'utf8').split('\n');
  expect(args.slice(4, 13)).toEqual([
    'vddk',
    'libdir=/opt/vddk',
    `server=${hostname}`,
    `port=${port}`,
    `user=${vcenter.username}`,
    `thumbprint=${vcenter.fingerprintSha1}`,
    `vm=moref=${id}`,
    'transports=nbdssl',
    `file=${instance.disks[1]?.path}`,
  ]);
  expect(readFileSync(`${note}.password`, 'utf8')).toBe(vcenter.password);
  for (const text of [args.join('\n'), readFileSync(`${note}.env`, 'utf8')])
    expect(text).not.toContain(vcenter.password);
  await session.abort(signal);
  expect(readdirSync(vddk.runDir)).toEqual([]);
});

test('a worker without a library refuses what another one planned', async () => {
  const source = await connected();
  const instance = await source.inspect(vcenter.machine('web').id, signal);
  await expect(source.openDisks(instance, 'vddk', ['2000'], new Map(), signal)).rejects.toMatchObject({
    code: 'configuration',
    remedy: expect.stringContaining('vddk_dir'),
  });
});

test('addresses, ports and snapshots', () => {
  const asked = {
    username: 'me',
    password: 'secret',
    thumbprint: 'AB',
    machine: { type: 'VirtualMachine', value: 'vm-1' },
    path: '[DS] a/a.vmdk',
  };
  const of = (server: string, snapshot: string | null) =>
    vddkCommand(
      { program: 'nbdkit', libraryDir: '/l', modes: 'nbd' },
      {
        ...asked,
        server: new URL(server),
        snapshot: snapshot === null ? null : { type: 'VirtualMachineSnapshot', value: snapshot },
      },
    );
  expect(of('https://vc.example.org/sdk', null).parameters.map(([name]) => name)).toEqual([
    'libdir',
    'server',
    'user',
    'thumbprint',
    'vm',
    'transports',
    'file',
  ]);
  expect(of('https://[2001:db8::1]:8443/sdk', 'snapshot-9').parameters.slice(1, 7)).toEqual([
    ['server', '2001:db8::1'],
    ['port', '8443'],
    ['user', 'me'],
    ['thumbprint', 'AB'],
    ['vm', 'moref=vm-1'],
    ['snapshot', 'snapshot-9'],
  ]);
});
