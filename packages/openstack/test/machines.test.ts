import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CloudUnderTest, cloudUnderTest, knows } from './cloud-under-test.ts';
import { Leftovers, ownNetwork, pieces } from './leftovers.ts';
import {
  acceptVolume,
  attachVolume,
  availabilityZones,
  completeAttachment,
  consoleOutput,
  createAttachment,
  createImage,
  createPort,
  createServer,
  createVolume,
  deleteAttachment,
  deleteImage,
  deletePort,
  deleteServer,
  deleteVolume,
  detachVolume,
  extendVolume,
  getAttachment,
  getServer,
  getVolume,
  listAttachments,
  listFlavors,
  listServers,
  listServerVolumes,
  listVolumes,
  listVolumeTypes,
  lockServer,
  offerVolume,
  OpenStackSession,
  serverAction,
  setBootable,
  setImageMetadata,
  updateVolumeMetadata,
  uploadImage,
  unlockServer,
  type Volume,
  waitFor,
  waitImage,
  waitServer,
  waitServerGone,
  waitVolume,
  withdrawVolume,
} from '../src/index.ts';

const signal = AbortSignal.timeout(900_000);
const wait = { signal, deadlineSeconds: 180 };
const leftovers = new Leftovers();
const { prefix } = leftovers;
let cloud: CloudUnderTest;
let session: OpenStackSession;

describe.skipIf(!knows('member'))('machines and volumes of a cloud', { timeout: 300_000 }, () => {
  beforeAll(async () => {
    cloud = await cloudUnderTest();
    session = await OpenStackSession.open(cloud.config('member'), { signal });
  });
  afterAll(async () => {
    await leftovers.clear();
    await session.close();
    await cloud[Symbol.asyncDispose]();
  }, 300_000);

  test('servers and volumes are made in availability zones that are told, and in no others', async () => {
    for (const service of ['compute', 'volume'] as const)
      expect((await availabilityZones(session, service, signal))?.length).toBeGreaterThan(0);
    const nowhere = { name: prefix, sizeGiB: 1, volumeType: null, availabilityZone: 'no-such-zone' };
    const made = createVolume(session, { ...nowhere, imageId: null, metadata: {} }, signal);
    await expect(made).rejects.toMatchObject({ status: 400 });
  });

  async function newVolume(metadata: Record<string, string> = {}): Promise<Volume> {
    const wanted = { name: prefix, sizeGiB: 1, volumeType: null, availabilityZone: null, imageId: null };
    const { id } = await createVolume(session, { ...wanted, metadata }, signal);
    leftovers.add(async () => {
      const left = await getVolume(session, id, signal);
      if (!left || left.status === 'deleting') return;
      await status(id, 'available');
      await deleteVolume(session, id, signal);
    });
    return waitVolume(session, id, wait);
  }
  const status = (id: string, wanted: string): Promise<Volume> =>
    waitFor(
      async () => {
        const volume = await getVolume(session, id, signal);
        return volume?.status === wanted ? volume : null;
      },
      { ...wait, what: `volume ${id} to be ${wanted}` },
    );

  describe('volumes', () => {
    test('are found by metadata, however odd its text', async () => {
      const marker = `it's "${prefix}" \\ ü`;
      const { id } = await newVolume({ guts_test: marker, other: 'x' });
      await newVolume();
      expect((await listVolumes(session, { guts_test: marker }, signal)).map((one) => one.id)).toEqual([id]);
    });

    test('keep the metadata that is not changed', async () => {
      const { id } = await newVolume({ guts_test: 'old', other: 'x' });
      await updateVolumeMetadata(session, id, { guts_test: 'new' }, signal);
      expect((await getVolume(session, id, signal))?.metadata).toEqual({ guts_test: 'new', other: 'x' });
    });

    test('are made bootable, described to Nova, and made larger', async () => {
      const { id } = await newVolume();
      await setBootable(session, id, true, signal);
      await setImageMetadata(session, id, { hw_disk_bus: 'scsi', hw_firmware_type: 'uefi' }, signal);
      await extendVolume(session, id, 2, signal);
      const volume = await waitVolume(session, id, wait);
      expect(volume).toMatchObject({
        size: 2,
        bootable: 'true',
        volume_image_metadata: { hw_disk_bus: 'scsi', hw_firmware_type: 'uefi' },
      });
      expect(volume.metadata).toEqual({});
      const types = await listVolumeTypes(session, signal);
      expect(types.map((one) => one.name)).toContain(volume.volume_type);
    });

    test('are attached to a host that is no server', async () => {
      const { id } = await newVolume();
      const connector = {
        host: hostname(),
        ip: '127.0.0.1',
        initiator: `iqn.1993-08.org.debian:01:${randomUUID().slice(0, 12)}`,
        multipath: false,
        platform: 'x86_64',
        os_type: 'linux',
      };
      const attachment = await createAttachment(session, id, connector, signal);
      leftovers.add(() => deleteAttachment(session, attachment.id, signal));
      expect(attachment.volume_id).toBe(id);
      expect(attachment.connection_info['driver_volume_type']).toEqual(expect.any(String));
      await completeAttachment(session, attachment.id, signal);
      await status(id, 'in-use');
      expect(await getAttachment(session, attachment.id, signal)).toMatchObject({ id: attachment.id });
      expect((await listAttachments(session, id, signal)).map((one) => one.id)).toEqual([attachment.id]);
      await expect(deleteVolume(session, id, signal)).rejects.toMatchObject({ code: 'bad_request' });
      expect(await deleteAttachment(session, attachment.id, signal)).toBe(true);
      await status(id, 'available');
      expect(await deleteAttachment(session, attachment.id, signal)).toBe(false);
    });

    test('are gone when deleted', async () => {
      const { id } = await newVolume();
      expect(await deleteVolume(session, id, signal, { cascade: true })).toBe(true);
      await waitFor(async () => ((await getVolume(session, id, signal)) ? null : true), {
        ...wait,
        what: 'the volume to be gone',
      });
      expect(await deleteVolume(session, id, signal)).toBe(false);
      await expect(waitVolume(session, id, wait)).rejects.toMatchObject({ code: 'wait' });
    });

    test.skipIf(!knows('small'))('change hands', async () => {
      const { id } = await newVolume();
      const withdrawn = await offerVolume(session, id, prefix, signal);
      expect(await withdrawVolume(session, withdrawn.id, signal)).toBe(true);
      expect(await withdrawVolume(session, withdrawn.id, signal)).toBe(false);
      const offer = await offerVolume(session, id, prefix, signal);
      const other = await OpenStackSession.open(cloud.config('small'), { signal });
      try {
        await expect(acceptVolume(other, offer.id, 'wrong', signal)).rejects.toMatchObject({
          code: 'bad_request',
        });
        await acceptVolume(other, offer.id, offer.auth_key, signal);
        expect(await getVolume(session, id, signal)).toBeNull();
        expect(await deleteVolume(other, id, signal)).toBe(true);
      } finally {
        await other.close();
      }
    });
  });

  async function newServer(): Promise<{ id: string; mac: string }> {
    const flavors = await listFlavors(session, signal);
    const flavor = flavors.toSorted((a, b) => a.ram - b.ram).find((one) => one.disk <= 1 && one.ram > 0);
    expect(flavor).toBeDefined();
    const image = await createImage(
      session,
      { name: prefix, diskFormat: 'raw', minDisk: 0, properties: {} },
      signal,
    );
    leftovers.add(() => deleteImage(session, image.id, signal));
    await uploadImage(session, image.id, pieces(new Uint8Array(1 << 20), 65_536), { signal });
    await waitImage(session, image.id, wait);
    const { networkId } = await ownNetwork(session, leftovers, signal);
    const port = await createPort(
      session,
      { networkId, name: prefix, description: '', mac: null, fixedIps: [], securityGroupIds: [] },
      signal,
    );
    leftovers.add(() => deletePort(session, port.id, signal));

    const id = await createServer(
      session,
      {
        name: prefix,
        flavorId: flavor?.id ?? '',
        portIds: [port.id],
        imageId: image.id,
        blockDevices: [],
        availabilityZone: null,
        metadata: { guts_test: prefix },
        tags: [prefix],
        description: 'made by a test',
        configDrive: true,
      },
      signal,
    );
    leftovers.add(async () => {
      await deleteServer(session, id, signal);
      await waitServerGone(session, id, wait);
    });
    return { id, mac: port.mac_address };
  }

  test('a server lives its life', async () => {
    const { id, mac } = await newServer();
    const active = await waitServer(session, id, ['ACTIVE'], wait);
    expect(active).toMatchObject({
      metadata: { guts_test: prefix },
      tags: [prefix],
      description: 'made by a test',
      'OS-EXT-STS:power_state': 1,
      'OS-EXT-STS:vm_state': 'active',
    });
    expect(Object.values(active.addresses ?? {}).flat()[0]).toMatchObject({
      'OS-EXT-IPS-MAC:mac_addr': mac,
    });
    for (const filter of [{ tags: prefix }, { name: prefix }])
      expect((await listServers(session, filter, signal)).map((one) => one.id)).toEqual([id]);
    expect(await consoleOutput(session, id, 10, signal)).toEqual(expect.any(String));

    await serverAction(session, id, 'os-stop', signal);
    await waitServer(session, id, ['SHUTOFF'], wait);
    expect(await consoleOutput(session, id, 10, signal)).toBeNull();
    await expect(serverAction(session, id, 'os-stop', signal)).rejects.toMatchObject({
      code: 'conflict',
      faultName: 'conflictingRequest',
    });
    await lockServer(session, id, 'parked', signal);
    await lockServer(session, id, 'parked', signal);
    expect(await getServer(session, id, signal)).toMatchObject({ locked: true, locked_reason: 'parked' });
    await expect(serverAction(session, id, 'os-start', signal)).rejects.toMatchObject({ code: 'conflict' });
    await expect(deleteServer(session, id, signal)).rejects.toMatchObject({ code: 'conflict' });
    await unlockServer(session, id, signal);
    await unlockServer(session, id, signal);
    await serverAction(session, id, 'os-start', signal);
    await waitServer(session, id, ['ACTIVE'], wait);

    expect(await deleteServer(session, id, signal)).toBe(true);
    await waitServerGone(session, id, wait);
    expect(await deleteServer(session, id, signal)).toBe(false);
    expect(await getServer(session, id, signal)).toBeNull();
  });

  test('a server takes a volume, and gives it back', async () => {
    // Before the server, so that it is deleted after it.
    const volume = await newVolume();
    const { id } = await newServer();
    await waitServer(session, id, ['ACTIVE'], wait);
    await attachVolume(session, id, volume.id, signal);
    await status(volume.id, 'in-use');
    expect((await listServerVolumes(session, id, signal)).map((one) => one.volumeId)).toEqual([volume.id]);
    await serverAction(session, id, 'os-stop', signal);
    await waitServer(session, id, ['SHUTOFF'], wait);
    // While it is off: a guest that boots nothing never lets go of a disk.
    expect(await detachVolume(session, id, volume.id, signal)).toBe(true);
    await status(volume.id, 'available');
    expect(await detachVolume(session, id, volume.id, signal)).toBe(false);
  });

  test('a server without anything to boot from is refused in words', async () => {
    const [flavor] = await listFlavors(session, signal);
    const bare = { name: prefix, flavorId: flavor?.id ?? '', portIds: [], imageId: null, blockDevices: [] };
    const refused = createServer(
      session,
      { ...bare, availabilityZone: null, metadata: {}, tags: [] },
      signal,
    );
    await expect(refused).rejects.toMatchObject({ code: 'bad_request', faultName: 'badRequest' });
  });
});
