import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type DiskSession, type SourceConnection, SILENT_LOG } from '@guts/core';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const MIB = 2 ** 20;
const signal = AbortSignal.timeout(120_000);
let vcenter: VCenter;
let source: SourceConnection;

const settings = (more: Readonly<Record<string, unknown>> = {}) => ({
  settings: {
    url: vcenter.url,
    username: 'administrator@vsphere.local',
    fingerprint: vcenter.fingerprintSha256,
    ...more,
  },
  secret: { password: 'fake-vcenter-password' },
});
const connect = (config: ReturnType<typeof settings>) =>
  createVSphereDriver().connect(config, { signal, log: SILENT_LOG });

beforeAll(async () => {
  vcenter = await startVCenter({
    taskMs: 5,
    shutdownMs: 20,
    machines: [
      {
        name: 'web/1 50% "ü"',
        firmware: 'efi',
        secureBoot: true,
        cpus: 2,
        memoryMiB: 1024,
        guestId: 'debian12_64Guest',
        toolsRunning: true,
        powerState: 'poweredOn',
        folder: ['Prod'],
        disks: [
          {
            sizeBytes: 8 * MIB,
            source: {
              pattern: 7,
              dataExtents: [
                { offset: 0, length: MIB },
                { offset: 5 * MIB, length: 70_000 },
              ],
            },
          },
          {
            sizeBytes: 3 * MIB,
            controller: 'nvme',
            source: { pattern: 8, dataExtents: [{ offset: MIB, length: 4096 }] },
          },
        ],
        nics: [{ mac: '00:50:56:aa:bb:01', network: 'VM Network', ip: '10.0.0.5' }],
      },
      { name: 'stubborn', toolsRunning: true, powerState: 'poweredOn', shutdownBehaviour: 'never' },
      { name: 'twin' },
    ],
    extraMachines: 120,
  });
  source = await connect(settings());
});
afterAll(async () => {
  await source.close();
  await vcenter.close();
});

/** The disk's bytes by its session, whatever it is. */
async function read(session: DiskSession, key: string): Promise<Buffer> {
  const open = session.disks.find((one) => one.key === key);
  if (!open) throw new Error(`no disk ${key}`);
  const bytes = Buffer.alloc(open.source.size);
  if (open.source.kind === 'reader') await open.source.read(0, bytes, signal);
  else for await (const { offset, data } of open.source.chunks(signal)) bytes.set(data, offset);
  return bytes;
}
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('inventory', () => {
  test('tells everything, page by page', async () => {
    const kinds = new Map<string, number>();
    for await (const { kind } of source.inventory(signal)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    expect(kinds.get('instance')).toBe(123);
    expect(kinds.get('network')).toBeGreaterThan(0);
    expect(kinds.get('datastore')).toBeGreaterThan(0);
    expect(kinds.get('host')).toBeGreaterThan(0);
  });
  test('finds by name, and inspects the same as it lists', async () => {
    const [listed] = await source.find('web/1 50% "ü"', signal);
    expect(listed).toMatchObject({
      firmware: 'uefi',
      secureBoot: true,
      cpus: 2,
      memoryMiB: 1024,
      osType: 'linux',
      powerState: 'on',
      toolsRunning: true,
      disks: [
        { capacityBytes: 8 * MIB, bus: 'scsi', obstacles: [] },
        { capacityBytes: 3 * MIB, bus: 'nvme' },
      ],
      nics: [
        {
          mac: '00:50:56:aa:bb:01',
          networkName: 'VM Network',
          addresses: [{ address: '10.0.0.5', prefix: 24 }],
        },
      ],
    });
    expect(listed!.path).toMatch(/^DC0\/vm\/Prod\/web%2f1/);
    expect(await source.inspect(listed!.ref, signal)).toEqual(listed);
    expect(await source.find('nobody', signal)).toEqual([]);
    await expect(source.inspect('vm-999999', signal)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('reading disks', () => {
  test('of a machine that runs is refused; after a shutdown both transports give its bytes', async () => {
    const [instance] = await source.find('web/1 50% "ü"', signal);
    const { ref } = instance!;
    const keys = instance!.disks.map((disk) => disk.key);
    await expect(source.openDisks(instance!, 'lease', keys, new Map(), signal)).rejects.toMatchObject({
      code: 'source_power',
    });
    expect(await source.shutdownGuest(ref, 30, signal)).toBe('off');
    expect(await source.powerState(ref, signal)).toBe('off');
    await source.setChangeTracking(ref, true, signal);
    const off = await source.inspect(ref, signal);
    expect(off.changeTracking.enabled).toBe(true);
    for (const transport of ['lease', 'datastore'] as const) {
      expect(await source.checkTransport(off, transport, signal)).toEqual([]);
      const session = await source.openDisks(off, transport, keys, new Map(), signal);
      const files = vcenter.machine('web/1 50% "ü"').disks;
      for (const [index, key] of keys.entries())
        expect(sha(await read(session, key))).toBe(sha(await readFile(files[index]!.path)));
      await session.complete(signal);
    }
    const areas = await source.allocatedAreas(ref, keys[0]!, signal);
    const bytes = areas!.reduce((sum, area) => sum + area.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(MIB + 70_000);
    expect(bytes).toBeLessThan(8 * MIB);
    await source.powerOn(ref, signal);
    expect(await source.powerState(ref, signal)).toBe('on');
  });
  test('a lease that was left is aborted by its id, once', async () => {
    const [instance] = await source.find('twin', signal);
    const session = await source.openDisks(instance!, 'lease', [], new Map(), signal);
    expect(await source.abortSession(session.externalId!, signal)).toBe('aborted');
    expect(await source.abortSession(session.externalId!, signal)).toBe('absent');
    await source.powerOn(instance!.ref, signal);
  });
});

describe('power', () => {
  test('a guest that does not stop meets the deadline and is left on', async () => {
    const [instance] = await source.find('stubborn', signal);
    expect(await source.shutdownGuest(instance!.ref, 0.3, signal)).toBe('deadline');
    expect(await source.powerState(instance!.ref, signal)).toBe('on');
    await source.powerOff(instance!.ref, signal);
    await source.powerOff(instance!.ref, signal);
    expect(await source.shutdownGuest(instance!.ref, 1, signal)).toBe('off');
  });
});

describe('snapshots', () => {
  test('are found by their marker and removed once', async () => {
    const [instance] = await source.find('stubborn', signal);
    const marker = { migrationId: 'm1', artifactId: 'a1' };
    const id = await source.createSnapshot(instance!.ref, marker, signal);
    expect(await source.findSnapshots(instance!.ref, marker, signal)).toEqual([id]);
    await source.removeSnapshot(id, signal);
    await source.removeSnapshot(id, signal);
    expect(await source.findSnapshots(instance!.ref, marker, signal)).toEqual([]);
  });
});

describe('a source that cannot be used is said to be so', () => {
  test('an untrusted certificate is shown with its fingerprint', async () => {
    const { fingerprint: _pin, ...rest } = settings().settings;
    await expect(connect({ ...settings(), settings: rest as never })).rejects.toMatchObject({
      code: 'source_untrusted',
      details: { sha256: vcenter.fingerprintSha256 },
    });
    await expect(connect(settings({ fingerprint: 'ab'.repeat(32) }))).rejects.toMatchObject({
      code: 'source_untrusted',
    });
  });
  test('a wrong password, without showing it', async () => {
    const wrong = connect({ ...settings(), secret: { password: 'oops-wrong' } });
    await expect(wrong).rejects.toMatchObject({ code: 'source_login' });
    await expect(wrong).rejects.not.toThrow(/oops-wrong/);
  });
  test('nobody there', async () => {
    await expect(connect(settings({ url: 'https://127.0.0.1:9' }))).rejects.toMatchObject({
      code: 'source_unreachable',
    });
  });
  test('a lost session is logged in again, once', async () => {
    vcenter.expireSessions();
    expect(await source.find('twin', signal)).toHaveLength(1);
  });
});
