import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, realpath, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostFiles } from './host-files.ts';
import { workerServer } from './server/worker-server.ts';
import { ShareHolds } from './nfs/holds.ts';
import { openVolumeReader, openVolumeWriter } from './volume-disk.ts';
import { volumeFile, withVolumeFile } from './volume-file.ts';

const GIB = 2 ** 30;
const NONE = new ShareHolds(null);
const signal = AbortSignal.timeout(60_000);
const without =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' &&
  ['qemu-img', 'qemu-nbd', 'setpriv'].some((tool) => spawnSync(tool, ['--version']).status !== 0);
const ID = '7c1bd8fd-6e0c-4b4e-8f34-1a1c0a0f0a11';
const NAME = `volume-${ID}`;
const VOLUME = { id: ID, size: 1 };
let folder: string;
let host: HostFiles;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'volume-file-')));
  for (const name of ['state', 'roots', 'elsewhere']) await mkdir(join(folder, name));
  host = {
    volumeRoots: [join(folder, 'roots')],
    forbidden: [join(folder, 'state')],
    mountInfo: () => Promise.resolve(''),
    mounts: null,
    brick: null,
    server: workerServer({ serverId: null, project: null }),
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function sparse(path: string, size = GIB): Promise<string> {
  await writeFile(path, '');
  await truncate(path, size);
  return path;
}

/** What the Cinder of a hostile or odd cloud may say. */
const says = (more: Readonly<Record<string, unknown>>) => ({
  driver_volume_type: 'nfs',
  export: `x:${join(folder, 'roots')}`,
  name: NAME,
  format: 'raw',
  ...more,
});
const found = (more: Readonly<Record<string, unknown>> = {}, files = host) =>
  volumeFile(says(more), VOLUME, files, NONE, signal);

describe('a volume is', () => {
  test('the file below a root that the operator allows', async () => {
    const path = await sparse(join(folder, 'roots', NAME));
    const file = { path, size: GIB, format: 'raw' };
    expect(await found()).toEqual(file);
    // The older shape of the answer, and no word of the format.
    const data = { export: `x:${join(folder, 'roots')}`, name: NAME };
    expect(await volumeFile({ driver_volume_type: 'nfs', data }, VOLUME, host, NONE, signal)).toEqual(file);
  });

  test('the file of the share where it is mounted, and of no other', async () => {
    const share = 'nfs:/volumes';
    const point = join(folder, createHash('md5').update(share).digest('hex'));
    await mkdir(point);
    const path = await sparse(join(point, NAME));
    const mountInfo = () => Promise.resolve(`1 0 7:0 / ${point} rw - ext4 /dev/loop0 rw\n`);
    const files = { ...host, volumeRoots: [], mountInfo };
    expect(await found({ export: share }, files)).toEqual({ path, size: GIB, format: 'raw' });
    await expect(found({ export: 'nfs:/homes', mount_point_base: folder }, files)).rejects.toMatchObject({
      code: 'destination_refused',
    });
    // The folder is there, but nothing is mounted on it.
    const bare = { ...files, mountInfo: () => Promise.resolve('') };
    await expect(found({ export: share, mount_point_base: folder }, bare)).rejects.toThrow(
      /on no mount of it/,
    );
    // The server put a link in its place.
    await rm(path);
    await symlink(await sparse(join(folder, 'state', 'db')), path);
    await expect(found({ export: share }, files)).rejects.toMatchObject({ code: 'destination_refused' });
  });
});

describe('a cloud does not choose', () => {
  test.for([
    ['a file by its name', { name: 'guts.sqlite' }],
    ['a way out of the folder', { name: `../state/${NAME}` }],
    ["another volume's file", { name: 'volume-00000000-0000-0000-0000-000000000000' }],
    ['no name', { name: '' }],
  ] as const)('%s', async ([, more]) => {
    await sparse(join(folder, 'roots', 'guts.sqlite'));
    await sparse(join(folder, 'state', NAME));
    await sparse(join(folder, 'roots', 'volume-00000000-0000-0000-0000-000000000000'));
    await expect(found(more)).rejects.toThrow(/is no name of its/);
  });

  test('a folder of this host', async () => {
    await sparse(join(folder, 'elsewhere', NAME));
    const share = `x:${join(folder, 'elsewhere')}`;
    await expect(found({ export: share })).rejects.toMatchObject({
      code: 'destination_refused',
      message: expect.stringContaining('on no mount of it'),
      remedy: expect.stringContaining('volume_roots'),
    });
  });

  test("GUTS's own state, even below a root", async () => {
    await sparse(join(folder, 'state', NAME));
    const files = { ...host, volumeRoots: [folder] };
    await expect(found({ export: `x:${join(folder, 'state')}` }, files)).rejects.toThrow(/GUTS's own/);
  });

  test('a link out of a root', async () => {
    await symlink(await sparse(join(folder, 'elsewhere', NAME)), join(folder, 'roots', NAME));
    await expect(found()).rejects.toMatchObject({ code: 'destination_refused' });
  });

  test.for([
    ['of another size', 2 * GIB, /2147483648 bytes, but volume .* has 1073741824/],
    ['that is no file', null, /no regular file/],
  ] as const)('something %s', async ([, size, message]) => {
    const path = join(folder, 'roots', NAME);
    await (size === null ? mkdir(path) : sparse(path, size));
    await expect(found()).rejects.toThrow(message);
  });
});

test.for([
  [{ driver_volume_type: 'rbd' }, /type "rbd" are not reached/],
  [{ format: 'vmdk' }, /unknown format "vmdk"/],
  [{ format: 'qcow2' }, /cannot be opened|no qcow2 file/],
  [{ encrypted: true }, /is encrypted/],
] as const)('%j is refused, with what to do instead', async ([more, message]) => {
  await sparse(join(folder, 'roots', NAME));
  await expect(found(more)).rejects.toThrow(message);
  await expect(found(more)).rejects.toMatchObject({ remedy: expect.stringContaining('volume_access') });
});

describe('an opened volume', () => {
  test('is the very file that was found', async () => {
    const path = await sparse(join(folder, 'roots', NAME));
    await withVolumeFile(await found(), 'write', signal, async (own) => {
      const handle = await open(own, constants.O_RDWR);
      await handle.write('here', 0);
      await handle.close();
    });
    const there = await open(path);
    const { buffer } = await there.read(Buffer.alloc(4), 0, 4, 0);
    await there.close();
    expect(buffer.toString()).toBe('here');
  });

  test.for(['link', 'other size', 'gone'] as const)('is not opened when it became a %s', async (what) => {
    const path = await sparse(join(folder, 'roots', NAME));
    const file = await found();
    await rm(path);
    if (what === 'link') await symlink(await sparse(join(folder, 'elsewhere', NAME)), path);
    if (what === 'other size') await sparse(path, 5);
    const never = (): Promise<never> => Promise.reject(new Error('opened'));
    await expect(withVolumeFile(file, 'write', signal, never)).rejects.toMatchObject({
      code: 'destination_refused',
    });
  });
});

describe('a volume that is a qcow2 file (needs qemu-nbd)', () => {
  const qcow2 = async (path: string, ...more: string[]): Promise<string> => {
    const { stderr } = spawnSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...more, path]);
    expect(stderr.toString()).toBe('');
    return Promise.resolve(path);
  };
  const asQcow2 = { format: 'qcow2' };

  test.skipIf(without)('is written through qemu-nbd, with zeros beyond the disk', async () => {
    const path = await qcow2(join(folder, 'roots', NAME), '-o', 'size=1G');
    const data = { ...(await found(asQcow2)) };
    expect(data).toEqual({ path, size: GIB, format: 'qcow2' });
    const size = 3 * 2 ** 20 + 512;
    const fill = Buffer.alloc(size, 7);
    const first = await openVolumeWriter(data, GIB, true, signal);
    await first.write(size - 512, Buffer.alloc(1024, 9), signal);
    await first.flush(signal);
    await first.close();
    const writer = await openVolumeWriter(data, size, false, signal);
    expect(writer.size).toBe(size);
    await writer.write(0, fill, signal);
    await expect(async () => writer.write(size - 1, Buffer.alloc(2), signal)).rejects.toThrow(/beyond/);
    await writer.flush(signal);
    await writer.close();
    const reader = await openVolumeReader(data, size, signal);
    const read = Buffer.alloc(size);
    await reader.read(0, read, signal);
    await reader.close();
    expect(read.equals(fill)).toBe(true);
    const raw = join(folder, 'raw');
    expect(spawnSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', path, raw]).status).toBe(0);
    const whole = await open(raw);
    const { buffer } = await whole.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, size);
    expect((await whole.stat()).size).toBe(GIB);
    await whole.close();
    expect(buffer.every((byte) => byte === 0)).toBe(true);
  });

  test.skipIf(without)('is no other file that it names, nor of another size', async () => {
    const path = join(folder, 'roots', NAME);
    const base = await qcow2(join(folder, 'state', 'db'), '-o', 'size=1G');
    await qcow2(path, '-F', 'qcow2', '-b', base);
    await expect(found(asQcow2)).rejects.toMatchObject({
      code: 'destination_refused',
      message: expect.stringContaining('backing file'),
    });
    await qcow2(path, '-o', 'size=2G');
    await expect(found(asQcow2)).rejects.toThrow(/holds 2147483648 bytes/);
  });
});

test('what a raw volume has beyond the disk is cleared when it was written to, and else left alone', async () => {
  const whole = 16 * 2 ** 20;
  const path = await sparse(join(folder, 'roots', NAME), whole);
  const size = 2 ** 20 + 512;
  const old = await open(path, 'r+');
  await old.write(Buffer.alloc(5000, 9), 0, 5000, size - 100);
  await old.close();
  const before = (await stat(path)).blocks;
  const writer = await openVolumeWriter({ path, size: whole }, size, false, signal);
  expect(writer.size).toBe(size);
  expect(writer.capabilities.readsAsZero).toBe(false);
  await writer.close();
  const reader = await openVolumeReader({ path, size: whole }, whole, signal);
  const read = Buffer.alloc(10_000);
  await reader.read(size - 200, read, signal);
  await reader.close();
  expect(read.subarray(100, 200)).toEqual(Buffer.alloc(100, 9));
  expect(read.subarray(200).every((byte) => byte === 0)).toBe(true);
  // No more than the piece that held something.
  expect((await stat(path)).blocks - before).toBeLessThanOrEqual(2 * 2048 + 16);
});
