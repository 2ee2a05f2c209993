import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DestinationConnection, type Marker, SILENT_LOG } from '@guts/core';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { loadCloud } from '@guts/openstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOpenStackDriver, hostFiles, toEndpointConfig } from '../src/index.ts';

const MIB = 2 ** 20;
/** How an image of a small disk is sent. */
const RAW = { format: 'raw', size: MIB, areas: null, sha512: true } as const;
const signal = AbortSignal.timeout(120_000);
let folder: string;
let cloud: Cloud;
let admin: DestinationConnection;
let member: DestinationConnection;
let count = 0;
const mark = (): Marker => ({ migrationId: 'm1', artifactId: `a${(count += 1)}` });

async function connect(name: string, targetProject: string | null = null): Promise<DestinationConnection> {
  const config = loadCloud({ cloud: name, env: { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') } });
  return createOpenStackDriver(hostFiles({ volumeRoots: [folder], stateDir: '/nonexistent' })).connect(
    toEndpointConfig(config, 'device'),
    {
      targetProject,
      signal,
      log: SILENT_LOG,
    },
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fake-cloud-'));
  cloud = await startCloud({ stateDir: join(folder, 'state') });
  await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
  admin = await connect('fake');
  member = await connect('fake-demo');
});
afterAll(async () => {
  await admin.close();
  await member.close();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function network(connection: DestinationConnection, name: string) {
  const { networks } = await connection.facts(signal);
  return networks.find((one) => one.name === name)!;
}

const portSpec = (networkId: string, mac: string | null) => ({
  name: 'web',
  networkId,
  mac,
  addresses: [],
  securityGroupIds: [],
});

describe('facts', () => {
  test('are those of the project', async () => {
    const facts = await member.facts(signal);
    expect(facts).toMatchObject({
      admin: false,
      project: { name: 'demo' },
      quota: { instances: 10, volumes: 10, images: null, imageMiB: null, imageUploads: null },
    });
    cloud.setQuotas('demo', { imageCountTotal: 3, imageSizeTotal: 50, imageCountUploading: 1 });
    expect((await member.facts(signal)).quota).toMatchObject({ images: 3, imageMiB: 50, imageUploads: 2 });
    cloud.setQuotas('demo', { imageCountTotal: -1, imageSizeTotal: -1, imageCountUploading: -1 });
    expect(facts.flavors.map((one) => one.name)).toContain('m1.nano');
    expect(facts.availabilityZones).toEqual({ compute: ['nova'], volume: ['nova'] });
    expect(facts.volumeTypes).toEqual(['nfs', 'slow']);
    expect(facts.networks.find((one) => one.name === 'private')).toMatchObject({ own: true, shared: false });
    expect(facts.networks.find((one) => one.name === 'provider1')).toMatchObject({
      own: false,
      shared: true,
    });
    expect((await admin.facts(signal)).admin).toBe(true);
    expect((await admin.validate(signal)).findings).toEqual([]);
  });
});

test('addresses that ports have are told, with whose migration they are of', async () => {
  const own = await network(member, 'private');
  const mac = '00:50:56:00:00:77';
  const address = `${own.subnets[0]!.cidr.split('.').slice(0, 3).join('.')}.77`;
  const wanted = [{ networkId: own.id, addresses: [mac, address, '00:50:56:00:00:78'] }];
  expect(await member.heldAddresses(wanted, signal)).toEqual([]);
  const spec = { ...portSpec(own.id, mac), addresses: [{ subnetId: own.subnets[0]!.id, address }] };
  const marker = mark();
  const { externalId: portId } = await member.create('port', spec, marker, signal);
  const held = { networkId: own.id, portId, migrationId: marker.migrationId };
  expect(await member.heldAddresses(wanted, signal)).toEqual([
    { ...held, address: mac },
    { ...held, address },
  ]);
  expect(await member.heldAddresses([{ networkId: 'other', addresses: [mac] }], signal)).toEqual([]);
  await member.remove('port', portId, signal);
});

describe('every kind of object', () => {
  test('is made under its marker, found by it, and removed once', async () => {
    const own = await network(member, 'private');
    const specs = {
      port: portSpec(own.id, '00:50:56:00:00:01'),
      volume: { name: 'v', sizeGiB: 1, volumeType: 'nfs', availabilityZone: null, imageId: null },
      image: { name: 'i', format: 'raw' as const, minDiskGiB: 1, properties: { hw_firmware_type: 'bios' } },
    };
    for (const kind of ['port', 'volume', 'image'] as const) {
      const marker = mark();
      const made = await member.create(kind, specs[kind], marker, signal);
      expect((await member.find(kind, specs[kind], marker, signal))?.externalId).toBe(made.externalId);
      expect(await member.find(kind, specs[kind], mark(), signal)).toBeNull();
      expect(await member.remove(kind, made.externalId, signal)).toBe('removed');
      expect(await member.remove(kind, made.externalId, signal)).toBe('absent');
    }
    const flavor = { name: 'guts-flavor', vcpus: 3, ramMiB: 777, diskGiB: 9 };
    const marker = mark();
    const made = await admin.create('flavor', flavor, marker, signal);
    expect((await admin.find('flavor', flavor, marker, signal))?.externalId).toBe(made.externalId);
    expect(await admin.remove('flavor', made.externalId, signal)).toBe('removed');
  });
});

describe('refusals are told in words', () => {
  test('a member chooses no MAC on a shared network', async () => {
    const shared = await network(member, 'provider1');
    await expect(
      member.create('port', portSpec(shared.id, '00:50:56:00:00:02'), mark(), signal),
    ).rejects.toMatchObject({
      code: 'destination_refused',
      message: /may not choose 00:50:56:00:00:02/,
    });
    const port = await member.create('port', portSpec(shared.id, null), mark(), signal);
    await member.remove('port', port.externalId, signal);
  });
  test('a MAC that is taken', async () => {
    const own = await network(member, 'private');
    const first = await member.create('port', portSpec(own.id, '00:50:56:00:00:03'), mark(), signal);
    await expect(
      member.create('port', portSpec(own.id, '00:50:56:00:00:03'), mark(), signal),
    ).rejects.toMatchObject({
      code: 'destination_refused',
      message: /is taken/,
    });
    await member.remove('port', first.externalId, signal);
  });
  test('an address that is taken', async () => {
    const own = await network(member, 'private');
    const spec = { ...portSpec(own.id, null), addresses: [{ address: '192.168.77.77' }] };
    const first = await member.create('port', spec, mark(), signal);
    await expect(member.create('port', spec, mark(), signal)).rejects.toMatchObject({
      code: 'destination_refused',
      message: /^192\.168\.77\.77 is taken/,
    });
    await member.remove('port', first.externalId, signal);
  });
  test('a quota that is used up', async () => {
    cloud.setQuotas('demo', { volumes: 0 });
    const spec = { name: 'v', sizeGiB: 1, volumeType: null, availabilityZone: null, imageId: null };
    await expect(member.create('volume', spec, mark(), signal)).rejects.toMatchObject({
      code: 'destination_quota',
    });
    cloud.setQuotas('demo', { volumes: 10 });
  });
  test('a wrong password, and a project that is not ours', async () => {
    const config = loadCloud({
      cloud: 'fake-demo',
      env: { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') },
    });
    const { settings } = toEndpointConfig(config, 'image');
    const wrong = createOpenStackDriver(hostFiles({ volumeRoots: [], stateDir: '/nonexistent' })).connect(
      { settings, secret: { password: 'no' } },
      { targetProject: null, signal, log: SILENT_LOG },
    );
    await expect(wrong).rejects.toMatchObject({ code: 'destination_login' });
    await expect(connect('fake-demo', 'admin')).rejects.toMatchObject({ code: 'destination_login' });
  });
  test('a token that ended is renewed', async () => {
    cloud.revokeTokens();
    expect((await member.facts(signal)).project.name).toBe('demo');
  });
});

describe('disks', () => {
  test('a volume is written and read as a file, its attachment found by the volume', async () => {
    const spec = { name: 'v', sizeGiB: 1, volumeType: null, availabilityZone: null, imageId: null };
    const volume = await member.create('volume', spec, mark(), signal);
    const attach = { volumeId: volume.externalId };
    const made = await member.create('attachment', attach, mark(), signal);
    expect((await member.find('attachment', attach, mark(), signal))?.externalId).toBe(made.externalId);
    const bytes = randomBytes(64 * 1024);
    const writer = await member.openVolumeWriter(made.data, MIB, { fresh: true }, signal);
    await writer.write(4096, bytes, signal);
    await writer.flush(signal);
    await writer.close();
    const reader = await member.openVolumeReader(made.data, MIB, signal);
    const back = Buffer.alloc(bytes.length);
    await reader.read(4096, back, signal);
    await reader.close();
    expect(back.equals(bytes)).toBe(true);
    expect(await member.remove('attachment', made.externalId, signal)).toBe('removed');
    expect(await member.remove('volume', volume.externalId, signal)).toBe('removed');
  });

  test.for(['raw', 'qcow2'] as const)(
    'an image is sent as %s in one pass, and the service holds what was sent',
    async (format) => {
      const data = randomBytes(100_000);
      const spec = { name: 'i', format, minDiskGiB: 1, properties: {} };
      const image = await member.create('image', spec, mark(), signal);
      const areas = [{ offset: 65_536, length: data.length }];
      const upload = member.uploadImage(image.externalId, { format, size: MIB, areas, sha512: true, signal });
      await upload.writer.write(65_536, data, signal);
      await upload.writer.flush(signal);
      await upload.writer.close();
      const sent = await upload.done;
      expect(await member.imageDigest(image.externalId, signal)).toEqual({
        status: 'active',
        size: sent.bytesSent,
        algorithm: 'sha512',
        hash: sent.sha512,
      });
      const stored = await readFile(cloud.imagePath(image.externalId));
      const back: Uint8Array[] = [];
      for await (const chunk of member.readImage(image.externalId, signal)) back.push(chunk);
      expect(Buffer.concat(back).equals(stored)).toBe(true);
      cloud.faults.add({ service: 'image', method: 'GET', path: /file$/, kind: 'status', status: 403 });
      const refused = member.readImage(image.externalId, signal)[Symbol.asyncIterator]();
      await expect(refused.next()).rejects.toMatchObject({ code: 'destination_refused' });
      expect(createHash('sha512').update(stored).digest('hex')).toBe(sent.sha512);
      await member.remove('image', image.externalId, signal);
    },
  );

  test('an upload that breaks off fails on both sides and leaves nobody waiting', async () => {
    const spec = { name: 'i', format: 'raw' as const, minDiskGiB: 1, properties: {} };
    const image = await member.create('image', spec, mark(), signal);
    cloud.faults.add({ service: 'image', method: 'PUT', kind: 'status', status: 503 });
    const upload = member.uploadImage(image.externalId, { ...RAW, size: 64 * MIB, signal });
    const writing = (async () => {
      for (let at = 0; at < 64 * MIB; at += MIB) await upload.writer.write(at, randomBytes(MIB), signal);
      await upload.writer.flush(signal);
    })();
    await expect(writing).rejects.toThrow(/./);
    await expect(upload.done).rejects.toMatchObject({ code: expect.stringMatching(/^destination_/) });
    await upload.writer.close().catch(() => undefined);
    await member.remove('image', image.externalId, signal);
  });
});

/** The front of a disk that the fake cloud boots. */
function guestDisk(id: string): Buffer {
  const disk = Buffer.alloc(MIB);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write(`\nGUTS-FAKE-GUEST id=${id}\n`, 4096);
  return disk;
}

describe('servers', () => {
  test.for(['image', 'volume'] as const)('boot from %s and say who they are', async (from) => {
    const own = await network(member, 'private');
    const { flavors } = await member.facts(signal);
    const port = await member.create('port', portSpec(own.id, '00:50:56:00:00:09'), mark(), signal);
    const spec = {
      name: 'root',
      format: 'raw' as const,
      minDiskGiB: 1,
      properties: { hw_firmware_type: 'bios' },
    };
    const image = await member.create('image', spec, mark(), signal);
    const upload = member.uploadImage(image.externalId, { ...RAW, signal });
    await upload.writer.write(0, guestDisk('web'), signal);
    await upload.writer.flush(signal);
    await upload.writer.close();
    await upload.done;
    const fromImage = {
      name: 'root',
      sizeGiB: 1,
      volumeType: null,
      availabilityZone: null,
      imageId: image.externalId,
    };
    const volume = from === 'volume' ? await member.create('volume', fromImage, mark(), signal) : null;
    if (volume) await member.prepareBootVolume(volume.externalId, { hw_firmware_type: 'bios' }, signal);
    const server = {
      name: 'web/1 "ü" '.repeat(8).trim(),
      flavorId: flavors[0]!.id,
      portIds: [port.externalId],
      bootImageId: volume ? null : image.externalId,
      bootVolumeId: volume?.externalId ?? null,
      dataVolumeIds: [],
      dataDiskBus: null,
      availabilityZone: null,
      metadata: { guts_source_name: `🚀${'x'.repeat(400)}` },
    };
    const marker = mark();
    const made = await member.create('server', server, marker, signal);
    expect((await member.find('server', server, marker, signal))?.externalId).toBe(made.externalId);
    expect(await member.serverState(made.externalId, signal)).toMatchObject({ state: 'active' });
    await expect
      .poll(() => member.console(made.externalId, signal), { timeout: 5000 })
      .toContain('GUTS-GUEST-READY id=web');
    expect(await member.console(made.externalId, signal)).toContain('mac=00:50:56:00:00:09');
    await member.stopServer(made.externalId, signal);
    expect(await member.serverState(made.externalId, signal)).toMatchObject({ state: 'off' });
    await member.startServer(made.externalId, signal);
    expect(await member.remove('server', made.externalId, signal)).toBe('removed');
    expect(await member.serverState(made.externalId, signal)).toMatchObject({ state: 'gone' });
    for (const [kind, id] of [
      ['port', port.externalId],
      ['image', image.externalId],
      ['volume', volume?.externalId ?? 'none'],
    ] as const)
      await member.remove(kind, id, signal);
    expect(cloud.ports.size + cloud.volumes.size + cloud.images.size + cloud.servers.size).toBe(0);
  });

  test('one that cannot be built says why', async () => {
    const { flavors } = await member.facts(signal);
    const spec = { name: 'root', format: 'raw' as const, minDiskGiB: 1, properties: {} };
    const image = await member.create('image', spec, mark(), signal);
    const upload = member.uploadImage(image.externalId, { ...RAW, signal });
    await upload.writer.flush(signal);
    await upload.done;
    cloud.faults.add({
      service: 'compute',
      method: 'POST',
      path: /servers$/,
      kind: 'doom',
      message: 'No valid host was found.',
    });
    const server = {
      name: 'web',
      flavorId: flavors[0]!.id,
      portIds: [],
      bootImageId: image.externalId,
      bootVolumeId: null,
      dataVolumeIds: [],
      dataDiskBus: null,
      availabilityZone: null,
      metadata: {},
    };
    const marker = mark();
    await expect(member.create('server', server, marker, signal)).rejects.toMatchObject({
      code: 'destination_fault',
      message: /No valid host was found/,
    });
    const found = await member.find('server', server, marker, signal);
    await member.remove('server', found!.externalId, signal);
    await member.remove('image', image.externalId, signal);
  });
});
