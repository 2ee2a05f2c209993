import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BlockDevices } from './block-devices.ts';
import { type Brick, type BrickConnection, BrickError, type DeviceInfo } from './brick.ts';
import { BrickRecords } from './records.ts';
import { BrickSession, BrickVolumes } from './volumes.ts';

const GIB = 2 ** 30;
const signal = AbortSignal.timeout(60_000);
const VOLUME = { id: 'v1', size: 2 };
let folder: string;
let records: BrickRecords;
/** Devices of the host: path → size. */
let devices: Map<string, number>;
let calls: unknown[];
let fails: BrickError | null;
let gives: string;

const host: BlockDevices = {
  all: () => Promise.resolve(new Set(devices.keys())),
  at: (path) => {
    const size = devices.get(path);
    return Promise.resolve(size === undefined ? null : { path, number: path, size });
  },
};
const brick = {
  properties: () => Promise.resolve({ initiator: 'iqn.x', multipath: true }),
  connect: ({ connection }: BrickConnection): Promise<DeviceInfo> => {
    calls.push(['connect', connection]);
    if (fails) return Promise.reject(fails);
    if (!devices.has(gives)) devices.set(gives, 2 * GIB);
    return Promise.resolve({ path: gives, multipath_id: 'm' });
  },
  disconnect: ({ connection }: BrickConnection, device: DeviceInfo | null): Promise<void> => {
    calls.push(['disconnect', connection, device]);
    if (device) devices.delete(device.path);
    return Promise.resolve();
  },
} as unknown as Brick;
const volumes = (): BrickVolumes => new BrickVolumes({ brick, records, devices: host, ip: '192.0.2.1' });

const INFO = {
  driver_volume_type: 'iscsi',
  target_portal: '192.0.2.9:3260',
  target_lun: 1,
  auth_username: 'u',
  auth_password: 'hunter2',
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-brick-'));
  records = new BrickRecords(join(folder, 'brick'));
  devices = new Map([['/dev/sda', 2 * GIB]]);
  calls = [];
  fails = null;
  gives = '/dev/sdb';
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const files = (): Promise<string[]> => readdir(join(folder, 'brick'));

test('a volume becomes a device, is recorded without its secrets, and is no more when it is let go', async () => {
  const session = new BrickSession(volumes());
  const device = await session.attach('a1', INFO, VOLUME, signal);
  expect(device).toEqual({ path: '/dev/sdb', number: '/dev/sdb', size: 2 * GIB, startsZero: false });
  expect(calls).toEqual([['connect', INFO]]);
  const text = await readFile(join(folder, 'brick', 'a1.json'), 'utf8');
  expect(text).toContain('iscsi');
  expect(text).not.toContain('hunter2');
  expect((await stat(join(folder, 'brick', 'a1.json'))).mode & 0o777).toBe(0o600);
  // Asked again, it is the same.
  expect(await session.attach('a1', INFO, VOLUME, signal)).toEqual(device);
  expect(calls).toHaveLength(1);
  await session.detach('a1', signal);
  await session.detach('a1', signal);
  await session.close();
  const { auth_password: _, ...plain } = INFO;
  expect(calls.slice(1)).toEqual([['disconnect', plain, { path: '/dev/sdb', multipath_id: 'm' }]]);
  expect(await files()).toEqual([]);
});

test('what a session leaves goes with it', async () => {
  const session = new BrickSession(volumes());
  await session.attach('a1', INFO, VOLUME, signal);
  await session.close();
  expect([...devices.keys()]).toEqual(['/dev/sda']);
  expect(await files()).toEqual([]);
});

describe('a process that was killed', () => {
  const DEAD = { pid: 4_000_000, began: '1' };
  const connection = { protocol: 'iscsi', multipath: true, connection: { target_lun: 1 } };

  test.for([
    ['before it knew the device', null],
    ['with the device', { path: '/dev/sdb' }],
  ] as const)('%s: it is taken away at the next use', async ([, device]) => {
    await records.put({ attachmentId: 'old', connection, device, owner: DEAD });
    if (device) devices.set(device.path, 2 * GIB);
    const found = await volumes().attach('a1', INFO, VOLUME, signal);
    expect(found.path).toBe('/dev/sdb');
    expect(calls).toEqual([
      ['disconnect', { target_lun: 1 }, device],
      ['connect', INFO],
    ]);
    expect(await files()).toEqual(['a1.json']);
  });

  test('its successor takes it away when it removes the attachment', async () => {
    await records.put({ attachmentId: 'old', connection, device: null, owner: DEAD });
    await volumes().detach('old', signal);
    expect(calls).toEqual([['disconnect', { target_lun: 1 }, null]]);
    expect(await files()).toEqual([]);
  });

  test('what a process has that lives is not touched', async () => {
    const owner = { pid: process.ppid, began: 'x' };
    const began = (await readFile(`/proc/${process.ppid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[19] ?? '';
    await records.put({ attachmentId: 'other', connection, device: null, owner: { ...owner, began } });
    await volumes().attach('a1', INFO, VOLUME, signal);
    expect(calls).toEqual([['connect', INFO]]);
    expect((await files()).toSorted()).toEqual(['a1.json', 'other.json']);
  });
});

describe('a device is refused', () => {
  const refused = expect.objectContaining({ code: 'destination_refused', details: { unreached: true } });

  test('that was there before', async () => {
    gives = '/dev/sda';
    const session = new BrickSession(volumes());
    await expect(session.attach('a1', INFO, VOLUME, signal)).rejects.toThrow(/was there before/);
    expect(await files()).toEqual(['a1.json']);
  });

  test('of another size', async () => {
    await expect(volumes().attach('a1', INFO, { id: 'v1', size: 3 }, signal)).rejects.toThrow(
      /2147483648 bytes, but volume v1 has 3221225472/,
    );
  });

  test.for([
    [{ driver_volume_type: 'local', device_path: '/dev/sda' }, /"local" are not connected/],
    [{ encrypted: true }, /is encrypted/],
    [{ target_portal: '--version' }, /a value that is none/],
    [{ target_iqns: ['iqn.x', '-e'] }, /a value that is none/],
    [{ driver_volume_type: 'rbd', name: '../x' }, /a value that is none/],
  ] as const)('of %j, and nothing is connected', async ([more, why]) => {
    const attaching = volumes().attach('a1', { ...INFO, ...more }, VOLUME, signal);
    await expect(attaching).rejects.toThrow(why);
    await expect(volumes().attach('a1', { ...INFO, ...more }, VOLUME, signal)).rejects.toEqual(refused);
    expect(calls).toEqual([]);
  });

  test.for([
    ['brick_missing', /python3-os-brick.*volume_access/],
    ['brick_failed', /open-iscsi.*volume_access/],
  ] as const)('when os-brick says %s, with what to do', async ([code, remedy]) => {
    fails = new BrickError(code, 'os-brick: no');
    await expect(volumes().attach('a1', INFO, VOLUME, signal)).rejects.toMatchObject({
      code: 'destination_refused',
      remedy: expect.stringMatching(remedy),
    });
    // It may be half connected: that is for whoever removes the attachment.
    expect(await files()).toEqual(['a1.json']);
  });
});

test('a new image of Ceph reads as zero, and the older shape of the answer is understood', async () => {
  const data = { name: 'volumes/volume-v1', hosts: ['192.0.2.5'], ports: ['6789'] };
  const info = { driver_volume_type: 'rbd', data };
  expect(await volumes().attach('a1', info, VOLUME, signal)).toMatchObject({ startsZero: true });
});
