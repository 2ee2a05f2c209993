/** Volumes that the worker writes to itself, on the lab's Cinder: judged by Cinder's own files and by qemu-img. */
import { mkdtemp, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DestinationConnection, type Marker, SILENT_LOG } from '@guts/core';
import {
  createOpenStackDriver,
  type HostFiles,
  hostFiles,
  NfsMounts,
  rootRunner,
  toEndpointConfig,
} from '@guts/driver-openstack';
import { loadCloud } from '@guts/openstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLOUDS_FILE, volumeFile } from './support/lab.ts';
import { run } from './support/nbd.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const signal = AbortSignal.timeout(500_000);
let folder: string;
let member: DestinationConnection;
/** A worker's host that sees no mount of Cinder's and Nova's own, and mounts the share itself. */
let apart: DestinationConnection;
let other: DestinationConnection;
let count = 0;
const mark = (): Marker => ({ migrationId: 'real', artifactId: `volumes-${process.pid}-${(count += 1)}` });

const mountTable = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');
const own = async (): Promise<string> =>
  (await mountTable())
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`))
    .join('\n');

function connect(host: HostFiles): Promise<DestinationConnection> {
  const cloud = loadCloud({ cloud: 'lab-demo', env: { OS_CLIENT_CONFIG_FILE: CLOUDS_FILE } });
  const context = { targetProject: null, signal, log: SILENT_LOG };
  return createOpenStackDriver(host).connect(toEndpointConfig(cloud, 'device'), context);
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'guts-volumes-')));
  member = await connect(hostFiles({ volumeRoots: [], stateDir: '/nonexistent' }));
  const mounting = (): HostFiles => ({
    ...hostFiles({ volumeRoots: [], stateDir: '/nonexistent' }),
    mountInfo: own,
    mounts: new NfsMounts({ shares: ['*'], folder, run: rootRunner([]), mountInfo: mountTable }),
  });
  apart = await connect(mounting());
  // As another process of the same host.
  other = await connect(mounting());
});
afterAll(async () => {
  for (const one of [member, apart, other]) await one.close();
  await rm(folder, { recursive: true, force: true });
});

/** Removes it, whatever the test did. */
async function withVolume(
  volumeType: string,
  sizeGiB: number,
  work: (volumeId: string) => Promise<void>,
): Promise<void> {
  const spec = { name: 'guts-volumes', sizeGiB, volumeType, availabilityZone: null, imageId: null };
  const volume = await member.create('volume', spec, mark(), signal);
  try {
    await work(volume.externalId);
  } finally {
    for (const id of await member.findAll('attachment', { volumeId: volume.externalId }, mark(), signal))
      await member.remove('attachment', id, signal);
    expect(await member.remove('volume', volume.externalId, signal)).toBe('removed');
  }
}

/** Some data, and what is zero around it. */
const DISK_BYTES = GIB - 3 * MIB - 512;
const PIECES = [
  [0, Buffer.alloc(70_000, 'first')],
  [300 * MIB + 1000, Buffer.alloc(MIB, 'middle')],
  [DISK_BYTES - 512, Buffer.alloc(512, 'last')],
] as const;

async function fill(data: Readonly<Record<string, unknown>>): Promise<void> {
  const writer = await member.openVolumeWriter(data, DISK_BYTES, { fresh: true }, signal);
  expect(writer.capabilities.readsAsZero).toBe(true);
  for (const [offset, bytes] of PIECES) await writer.write(offset, bytes, signal);
  await writer.flush(signal);
  await writer.close();
}

/** What qemu reads of Cinder's own file. */
async function assertFilled(path: string, format: 'raw' | 'qcow2'): Promise<void> {
  const info = JSON.parse(await run('qemu-img', 'info', '--output=json', '-f', format, path)) as object;
  expect(info).toMatchObject({ 'virtual-size': GIB, format });
  // Zeros took no room: Cinder makes its qcow2 files with all of their clusters in place, without blocks.
  expect((await stat(path)).blocks * 512).toBeLessThan(8 * MIB);
  const expected = join(folder, 'expected');
  await run('truncate', '-s', String(GIB), expected);
  const handle = await open(expected, 'r+');
  for (const [offset, bytes] of PIECES) await handle.write(bytes, 0, bytes.length, offset);
  await handle.close();
  expect(await run('qemu-img', 'compare', '-f', format, '-F', 'raw', path, expected)).toContain('identical');
  await rm(expected);
}

test.for([
  ['nfs', 'raw'],
  ['nfs-qcow2', 'qcow2'],
] as const)(
  'a volume of type %s is filled as a %s file, and Cinder still knows what it is',
  async ([type, format]) => {
    await withVolume(type, 1, async (volumeId) => {
      const attached = await member.create('attachment', { volumeId }, mark(), signal);
      expect(attached.data).toMatchObject({ format, size: GIB });
      await fill(attached.data);
      const reader = await member.openVolumeReader(attached.data, DISK_BYTES, signal);
      for (const [offset, bytes] of PIECES) {
        const read = Buffer.alloc(bytes.length);
        await reader.read(offset, read, signal);
        expect(read.equals(bytes)).toBe(true);
      }
      await reader.close();
      expect(await member.remove('attachment', attached.externalId, signal)).toBe('removed');
      await assertFilled(volumeFile(volumeId), format);
      // Cinder looks at the file itself when it attaches: it would refuse what is no such volume any more.
      const again = await member.create('attachment', { volumeId }, mark(), signal);
      expect(again.data).toMatchObject({ format, size: GIB });
    });
  },
);

test('a share that is not mounted is mounted by the worker, and unmounted by its last user', async () => {
  await withVolume('nfs', 1, async (volumeId) => {
    const first = await apart.create('attachment', { volumeId }, mark(), signal);
    const path = String(first.data['path']);
    expect(path.startsWith(`${folder}/`)).toBe(true);
    expect(await own()).toContain(dirname(path));
    await fill(first.data);
    // Another worker of this host uses it, too.
    const found = await other.find('attachment', { volumeId }, mark(), signal);
    expect(found?.data).toMatchObject({ path });
    await apart.close();
    expect(await own()).toContain(dirname(path));
    const reader = await other.openVolumeReader(first.data, DISK_BYTES, signal);
    const read = Buffer.alloc(70_000);
    await reader.read(0, read, signal);
    expect(read.equals(Buffer.alloc(70_000, 'first'))).toBe(true);
    await reader.close();
    await other.close();
    expect(await own()).toBe('');
  });
});
