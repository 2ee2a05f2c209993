import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CloudUnderTest, cloudUnderTest, knows, type Who } from './cloud-under-test.ts';
import { Leftovers, ownNetwork, pieces } from './leftovers.ts';
import {
  computeLimits,
  createFlavor,
  createImage,
  createPort,
  createServer,
  createVolume,
  deleteFlavor,
  deleteImage,
  deletePort,
  deleteServer,
  deleteVolume,
  findImages,
  imageLimits,
  isOverQuota,
  isStatus,
  listFlavors,
  OpenStackSession,
  portsLeft,
  uploadImage,
  volumeLimits,
  waitImage,
} from '../src/index.ts';

const signal = AbortSignal.timeout(120_000);
let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await cloudUnderTest();
});
afterAll(() => cloud[Symbol.asyncDispose]());

function as(who: Who, body: (session: () => OpenStackSession, leftovers: Leftovers) => void): void {
  describe.skipIf(!knows(who))(`as ${who}`, { timeout: 120_000 }, () => {
    const leftovers = new Leftovers();
    let session: OpenStackSession | null = null;
    beforeAll(async () => {
      session = await OpenStackSession.open(cloud.config(who), { signal });
    });
    afterAll(async () => {
      await leftovers.clear();
      await session?.close();
    });
    body(() => {
      if (!session) throw new Error('there is no session');
      return session;
    }, leftovers);
  });
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

as('appcred', (session) => {
  test('an application credential works in its project, and in no other', async () => {
    expect(session().project.name).not.toBe('');
    expect((await listFlavors(session(), signal)).length).toBeGreaterThan(0);
    await expect(session().rescope('other', signal)).rejects.toMatchObject({ code: 'login' });
    await session().freshen(1e6, signal);
    expect((await computeLimits(session(), signal)).cores).not.toBe(0);
  });
});

as('reader', (session, leftovers) => {
  test('a reader sees, and is refused the rest as forbidden rather than over quota', async () => {
    expect((await listFlavors(session(), signal)).length).toBeGreaterThan(0);
    const { prefix: name } = leftovers;
    const refused = await failure(
      createFlavor(session(), { name, vcpus: 1, ram: 64, disk: 1, description: '' }, signal),
    );
    expect(isStatus(refused, 403)).toBe(true);
    expect(isOverQuota(refused)).toBe(false);
  });
});

as('admin', (session, leftovers) => {
  test('makes flavors', async () => {
    const { prefix: name } = leftovers;
    const wanted = { name, vcpus: 3, ram: 640, disk: 7, description: `marker of ${name}` };
    const { id } = await createFlavor(session(), wanted, signal);
    leftovers.add(() => deleteFlavor(session(), id, signal));
    const listed = (await listFlavors(session(), signal)).find((one) => one.id === id);
    expect(listed).toMatchObject(wanted);
    await expect(createFlavor(session(), wanted, signal)).rejects.toMatchObject({ code: 'conflict' });
    expect(await deleteFlavor(session(), id, signal)).toBe(true);
    expect(await deleteFlavor(session(), id, signal)).toBe(false);
  });

  test("finds no other project's images", async () => {
    const member = await OpenStackSession.open(cloud.config('member'), { signal });
    leftovers.add(() => member.close());
    const properties = { guts_test: leftovers.prefix };
    const image = { name: leftovers.prefix, diskFormat: 'raw', minDisk: 0, properties } as const;
    const { id } = await createImage(member, image, signal);
    leftovers.add(() => deleteImage(member, id, signal));
    expect((await findImages(member, properties, signal)).map((one) => one.id)).toEqual([id]);
    expect(await findImages(session(), properties, signal)).toEqual([]);
  });
});

as('small', (session, leftovers) => {
  const base = { name: leftovers.prefix, description: '' };

  test('over quota is told from forbidden in each service', async () => {
    const { gigabytes } = await volumeLimits(session(), signal);
    const volume = { ...base, volumeType: null, availabilityZone: null, imageId: null, metadata: {} };
    const tooLarge = await failure(
      createVolume(session(), { ...volume, sizeGiB: (gigabytes ?? 100_000) + 1 }, signal).then(({ id }) =>
        leftovers.add(() => deleteVolume(session(), id, signal)),
      ),
    );
    expect(String(tooLarge)).toMatch(/quota/i);
    expect(isOverQuota(tooLarge)).toBe(true);

    const { networkId } = await ownNetwork(session(), leftovers, signal);
    const left = await portsLeft(session(), signal);
    expect(left).toBeLessThan(50);
    const port = { ...base, networkId, mac: null, fixedIps: [], securityGroupIds: [] };
    let refused: unknown = null;
    for (let count = 0; count <= (left ?? 0) && refused === null; count += 1)
      refused = await failure(
        createPort(session(), port, signal).then(({ id }) =>
          leftovers.add(() => deletePort(session(), id, signal)),
        ),
      );
    expect(isOverQuota(refused)).toBe(true);
    expect(await portsLeft(session(), signal)).toBe(0);

    const { cores } = await computeLimits(session(), signal);
    const flavors = await listFlavors(session(), signal);
    const flavor = flavors.toSorted((a, b) => b.vcpus - a.vcpus || b.ram - a.ram)[0];
    expect(flavor?.vcpus).toBeGreaterThan(cores ?? Number.POSITIVE_INFINITY);
    const image = await createImage(
      session(),
      { name: base.name, diskFormat: 'raw', minDisk: 0, properties: {} },
      signal,
    );
    leftovers.add(() => deleteImage(session(), image.id, signal));
    await uploadImage(session(), image.id, pieces(new Uint8Array(1 << 16), 4096), { signal });
    await waitImage(session(), image.id, { signal, deadlineSeconds: 60 });
    const tooBig = await failure(
      createServer(
        session(),
        {
          ...base,
          flavorId: flavor?.id ?? '',
          portIds: [],
          imageId: image.id,
          blockDevices: [],
          availabilityZone: null,
          metadata: {},
          tags: [],
        },
        signal,
      ).then((id) => leftovers.add(() => deleteServer(session(), id, signal))),
    );
    expect(String(tooBig)).toMatch(/Quota exceeded/);
    expect(isOverQuota(tooBig)).toBe(true);
  });

  // A cloud that keeps no limits on images tells none (`images` is null then).
  test('so is a project that may have no more images', async (context) => {
    const { images } = await imageLimits(session(), signal);
    if (images === null) context.skip('this cloud does not limit images');
    const image = { name: base.name, diskFormat: 'raw', minDisk: 0, properties: {} } as const;
    let refused: unknown = null;
    for (let count = 0; count <= (images ?? 0) && refused === null; count += 1)
      refused = await failure(
        createImage(session(), image, signal).then(({ id }) =>
          leftovers.add(() => deleteImage(session(), id, signal)),
        ),
      );
    expect(refused).toMatchObject({ status: 413 });
    expect(isOverQuota(refused)).toBe(true);
    expect((await imageLimits(session(), signal)).images).toBe(0);
  });
});
