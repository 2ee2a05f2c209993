import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CloudUnderTest, cloudUnderTest, knows } from './cloud-under-test.ts';
import { collectBytes, Leftovers, ownNetwork, pieces } from './leftovers.ts';
import {
  computeLimits,
  createImage,
  createPort,
  deleteImage,
  deletePort,
  downloadImage,
  findImages,
  getImage,
  getPort,
  type Image,
  imageLimits,
  isStatus,
  listFlavors,
  listNetworks,
  listPorts,
  listSecurityGroups,
  listSubnets,
  networkExtensions,
  OpenStackSession,
  portsLeft,
  setPortTags,
  updateImage,
  updatePort,
  uploadImage,
  volumeLimits,
  waitFor,
  waitImage,
} from '../src/index.ts';

const signal = AbortSignal.timeout(600_000);
const leftovers = new Leftovers();
const { prefix } = leftovers;
let cloud: CloudUnderTest;
let session: OpenStackSession;

describe.skipIf(!knows('member'))('a cloud, as a member of a project', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    cloud = await cloudUnderTest();
    session = await OpenStackSession.open(cloud.config('member'), { signal });
  });
  afterAll(async () => {
    await leftovers.clear();
    await session.close();
    await cloud[Symbol.asyncDispose]();
  }, 120_000);

  async function newImage(diskFormat: 'raw' | 'qcow2' = 'raw'): Promise<Image> {
    const image = await createImage(
      session,
      { name: prefix, diskFormat, minDisk: 1, properties: { guts_test: prefix, hw_disk_bus: 'virtio' } },
      signal,
    );
    leftovers.add(() => deleteImage(session, image.id, signal));
    return image;
  }

  test('tells who we are, and what it speaks', async () => {
    expect(session.project.id).toMatch(/^[0-9a-f]{32}$/);
    expect(session.roles).toContain('member');
    expect(await session.microversion('compute', signal)).toMatch(/^2\.\d+$/);
    expect(await session.microversion('volume', signal)).toMatch(/^3\.\d+$/);
    expect(await session.microversion('image', signal)).toBeNull();
  });

  test('refuses a project that is not ours', async () => {
    await expect(session.rescope('no-such-project', signal)).rejects.toMatchObject({ code: 'login' });
  });

  test('tells what is left of the quotas', async () => {
    const compute = await computeLimits(session, signal);
    expect(compute.cores ?? 1).toBeGreaterThan(0);
    expect(compute.ram ?? 1).toBeGreaterThan(0);
    const volume = await volumeLimits(session, signal);
    expect(volume.gigabytes ?? 1).toBeGreaterThan(0);
    const before = await portsLeft(session, signal);
    expect(before).not.toBe(0);
    const images = await imageLimits(session, signal);
    expect(images.images ?? 1).toBeGreaterThan(0);
    expect(images.sizeMiB ?? 1).toBeGreaterThan(0);
    expect(images.uploads ?? 1).toBeGreaterThan(0);
  });

  test('lists flavors, networks, subnets and groups', async () => {
    const [flavor] = await listFlavors(session, signal);
    expect(flavor).toMatchObject({ vcpus: expect.any(Number) as number, ram: expect.any(Number) as number });
    const networks = await listNetworks(session, signal);
    const subnets = await listSubnets(session, signal);
    expect(networks.length).toBeGreaterThan(0);
    expect(subnets.every((one) => networks.some((network) => network.id === one.network_id))).toBe(true);
    expect((await listSecurityGroups(session, signal)).map((one) => one.name)).toContain('default');
  });

  describe('images', () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);

    /** Glance may notice later than we that the bytes broke off. */
    const settled = (id: string): Promise<string> =>
      waitFor(
        async () => {
          const { status } = await getImage(session, id, signal);
          return status === 'saving' ? null : status;
        },
        { signal, deadlineSeconds: 30, what: `image ${id} to be saving no longer` },
      );

    test.for([[undefined], [bytes.length]])('take bytes as they come, length said: %s', async ([length]) => {
      const { id, status } = await newImage();
      expect(status).toBe('queued');
      await uploadImage(session, id, pieces(bytes, 100_000), {
        signal,
        ...(length === undefined ? {} : { length }),
      });
      const image = await waitImage(session, id, { deadlineSeconds: 60, signal });
      expect(image).toMatchObject({ size: bytes.length, min_disk: 1, guts_test: prefix });
      const hash = createHash(image.os_hash_algo ?? '')
        .update(bytes)
        .digest('hex');
      expect(image.os_hash_value).toBe(hash);
      const back = await collectBytes(downloadImage(session, id, { signal }));
      expect(back.equals(bytes)).toBe(true);
    });

    test('are found by property, changed, and deleted', async () => {
      const { id } = await newImage();
      const found = await findImages(session, { guts_test: prefix }, signal);
      expect(found.map((one) => one.id)).toContain(id);
      expect(await findImages(session, { guts_test: `${prefix}-other` }, signal)).toEqual([]);
      const changed = await updateImage(
        session,
        id,
        [
          { op: 'replace', path: '/hw_disk_bus', value: 'scsi' },
          { op: 'add', path: '/hw_scsi_model', value: 'virtio-scsi' },
          { op: 'remove', path: '/guts_test' },
        ],
        signal,
      );
      expect(changed).toMatchObject({ hw_disk_bus: 'scsi', hw_scsi_model: 'virtio-scsi' });
      expect(changed).not.toHaveProperty('guts_test');
      expect(await deleteImage(session, id, signal)).toBe(true);
      expect(await deleteImage(session, id, signal)).toBe(false);
      await expect(getImage(session, id, signal)).rejects.toMatchObject({ code: 'not_found' });
    });

    test('never become active when the bytes break off', async () => {
      const { id } = await newImage();
      async function* broken(): AsyncGenerator<Uint8Array, void> {
        yield* pieces(bytes, 500_000);
        throw new Error('the disk broke');
      }
      await expect(uploadImage(session, id, broken(), { signal })).rejects.toThrow(/the disk broke/);
      expect(['queued', 'killed']).toContain(await settled(id));
    });

    test('never become active when the caller gives up', async () => {
      const { id } = await newImage();
      const quitter = new AbortController();
      async function* slow(): AsyncGenerator<Uint8Array, void> {
        yield* pieces(bytes, 500_000);
        quitter.abort(new Error('enough'));
        yield* pieces(bytes, 500_000);
      }
      const upload = uploadImage(session, id, slow(), { signal: quitter.signal });
      await expect(upload).rejects.toThrow(/enough/);
      expect(['queued', 'killed']).toContain(await settled(id));
    });

    test('take bytes once', async () => {
      const { id } = await newImage();
      await uploadImage(session, id, pieces(bytes, 500_000), { signal });
      await waitImage(session, id, { deadlineSeconds: 60, signal });
      const again = uploadImage(session, id, pieces(bytes, 500_000), { signal });
      await expect(again).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  describe('ports', () => {
    const mac = `00:50:56:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

    test('keep MAC and address on an own network', async () => {
      const { networkId, subnetId, addresses } = await ownNetwork(session, leftovers, signal);
      const extensions = await networkExtensions(session, signal);
      expect(extensions.has('security-group')).toBe(true);
      const wanted = {
        networkId,
        name: prefix,
        description: `marker of ${prefix}`,
        mac,
        fixedIps: [{ subnet_id: subnetId, ip_address: addresses[0] }],
        securityGroupIds: [],
        ...(extensions.has('allowed-address-pairs')
          ? { allowedAddressPairs: [{ ip_address: addresses[1] }] }
          : {}),
      };
      const port = await createPort(session, wanted, signal);
      leftovers.add(() => deletePort(session, port.id, signal));
      expect(port).toMatchObject({
        mac_address: mac,
        fixed_ips: [{ subnet_id: subnetId, ip_address: addresses[0] }],
        description: wanted.description,
      });
      const pairs = (port.allowed_address_pairs ?? []).map((pair) => pair.ip_address);
      expect(pairs).toEqual(extensions.has('allowed-address-pairs') ? [addresses[1]] : []);
      // Left out, the default group applies.
      expect(port.security_groups).toHaveLength(1);

      for (const filter of [
        { description: wanted.description },
        { mac_address: mac },
        { network_id: networkId },
      ])
        expect((await listPorts(session, filter, signal)).map((one) => one.id)).toContain(port.id);

      await expect(createPort(session, { ...wanted, fixedIps: [] }, signal)).rejects.toMatchObject({
        code: 'conflict',
        faultName: 'MacAddressInUse',
      });
      const taken = createPort(session, { ...wanted, mac: null }, signal);
      await expect(taken).rejects.toMatchObject({ code: 'conflict', faultName: 'IpAddressAlreadyAllocated' });

      if (extensions.has('standard-attr-tag')) await setPortTags(session, port.id, [prefix], signal);
      const tagged = extensions.has('standard-attr-tag') ? [port.id] : [];
      expect((await listPorts(session, { tags: prefix }, signal)).map((one) => one.id)).toEqual(tagged);
      const changed = await updatePort(session, port.id, { admin_state_up: false, name: 'other' }, signal);
      expect(changed).toMatchObject({ admin_state_up: false, name: 'other' });
      expect(await deletePort(session, port.id, signal)).toBe(true);
      expect(await deletePort(session, port.id, signal)).toBe(false);
      expect(await getPort(session, port.id, signal)).toBeNull();
    });

    test("keep neither on somebody else's network", async (context) => {
      const networks = await listNetworks(session, signal);
      const shared = networks.find((one) => one.shared && one.project_id !== session.project.id);
      if (!shared) context.skip('no network is shared with us');
      const port = {
        networkId: shared?.id ?? '',
        name: prefix,
        description: '',
        fixedIps: [],
        securityGroupIds: [],
      };
      const refused: unknown = await createPort(session, { ...port, mac }, signal).then(
        (made) => deletePort(session, made.id, signal),
        (error: unknown) => error,
      );
      expect(isStatus(refused, 403)).toBe(true);
      expect(refused).toMatchObject({ code: 'forbidden', faultName: 'PolicyNotAuthorized' });
    });
  });
});
