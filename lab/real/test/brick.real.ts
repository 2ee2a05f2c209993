/** Debian's os-brick through our helper, and block devices of this host as volumes. No cloud is needed. */
import { mkdtemp, open, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { blockDevices, Brick, openVolumeReader, openVolumeWriter } from '@guts/driver-openstack';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LAB_STATE } from './support/lab.ts';
import { run } from './support/nbd.ts';

const GIB = 2 ** 30;
const signal = AbortSignal.timeout(500_000);
let folder: string;
let brick: Brick;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'guts-brick-')));
  brick = new Brick({ python: '/usr/bin/python3', rootHelper: [], lockPath: join(folder, 'locks') });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("Debian's os-brick", () => {
  test('tells the connector of this host', async () => {
    expect(await brick.properties('192.0.2.7', true, signal)).toMatchObject({
      ip: '192.0.2.7',
      os_type: 'linux',
      do_local_attach: true,
      // No multipathd runs here.
      multipath: false,
    });
  });

  test('connects and disconnects a file of an NFS share', async () => {
    const share = `127.0.0.1:${join(LAB_STATE, 'nfs-export')}`;
    const data = { export: share, name: 'volume-x', mount_point_base: join(folder, 'mnt') };
    const connection = { protocol: 'nfs', multipath: false, connection: data };
    const device = await brick.connect(connection, signal);
    onTestFinished(async () => void (await run('umount', join(device.path, '..'))));
    expect(device.path).toMatch(new RegExp(`^${folder}/mnt/[0-9a-f]{32}/volume-x$`));
    await brick.disconnect(connection, device, signal);
  });

  test('connects and disconnects what is local', async () => {
    const local = { protocol: 'local', multipath: false, connection: { device_path: '/dev/null' } };
    const device = await brick.connect(local, signal);
    expect(device).toEqual({ type: 'local', path: '/dev/null' });
    await brick.disconnect(local, device, signal);
  });

  test('says in its own words what it cannot do, and no secret', async () => {
    const odd = { protocol: 'carrier_pigeon', multipath: false, connection: {} };
    await expect(brick.connect(odd, signal)).rejects.toMatchObject({
      code: 'brick_failed',
      message: expect.stringContaining('InvalidConnectorProtocol'),
    });
    // Nothing listens there, and this kernel has no iSCSI: as far as it comes, it is os-brick's own.
    const iscsi = {
      target_portal: '127.0.0.1:1',
      target_iqn: 'iqn.2026-01.org.example:x',
      target_lun: 1,
      auth_method: 'CHAP',
      auth_username: 'user',
      auth_password: 'hunter2-secret',
    };
    const failed = brick.connect({ protocol: 'iscsi', multipath: false, connection: iscsi }, signal);
    await expect(failed).rejects.toMatchObject({
      code: 'brick_failed',
      message: expect.not.stringContaining('hunter2'),
    });
    await brick.disconnect({ protocol: 'iscsi', multipath: false, connection: iscsi }, null, signal);
  });
});

test('a block device is written and read as a volume, and cleared beyond the disk', async () => {
  const file = join(folder, 'disk');
  await writeFile(file, '');
  await truncate(file, GIB);
  const before = await blockDevices().all();
  const path = (await run('losetup', '--find', '--show', file)).trim();
  onTestFinished(async () => void (await run('losetup', '--detach', path)));
  const link = join(folder, 'by-id');
  await run('ln', '-s', path, link);
  const device = await blockDevices().at(link);
  expect(device).toMatchObject({ path, size: GIB });
  expect(await blockDevices().at(file)).toBeNull();
  expect(await blockDevices().at(join(folder, 'nothing'))).toBeNull();
  // Loop devices are there before something lies behind them.
  expect(before.has(device?.number ?? '')).toBe(true);
  const data = { kind: 'block', ...device, startsZero: false };
  const size = 5 * 2 ** 20 + 512;
  const old = await open(path, 'r+');
  await old.write(Buffer.alloc(4096, 9), 0, 4096, size - 512);
  await old.close();
  const writer = await openVolumeWriter(data, size, true, signal);
  expect(writer.size).toBe(size);
  expect(writer.capabilities.readsAsZero).toBe(false);
  await writer.write(size - 512, Buffer.alloc(512, 7), signal);
  await writer.flush(signal);
  await writer.close();
  const reader = await openVolumeReader(data, size, signal);
  const last = Buffer.alloc(512);
  await reader.read(size - 512, last, signal);
  expect(last.equals(Buffer.alloc(512, 7))).toBe(true);
  await reader.close();
  const judged = await open(path);
  const { buffer } = await judged.read(Buffer.alloc(4096), 0, 4096, size);
  await judged.close();
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  // Another device under that path is not written to.
  const other = { ...data, number: '8:0' };
  await expect(openVolumeWriter(other, size, true, signal)).rejects.toThrow(
    new RegExp(`${basename(path)} is not the device any more`),
  );
});
