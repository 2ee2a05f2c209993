import type { ServerSpec } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
  // Off from the start: what was copied stands.
  rig.source.power = 'off';
});
afterEach(() => rig.store.close());

/** The only server's spec. */
function server(): ServerSpec {
  const servers = [...rig.destination.things.values()].filter(({ kind }) => kind === 'server');
  expect(servers).toHaveLength(1);
  return servers[0]?.spec as ServerSpec;
}
/** What the only server is made of, cut to the sizes of the source's disks. */
function targetDisks(): readonly Uint8Array[] {
  const { bootImageId, bootVolumeId, dataVolumeIds } = server();
  const sizes = [...rig.source.disks.values()].map(({ length }) => length);
  return [bootVolumeId ?? bootImageId ?? '', ...dataVolumeIds].map(
    (id, index) => rig.destination.things.get(id)?.bytes.slice(0, sizes[index]) ?? new Uint8Array(),
  );
}
const sourceDisks = (): readonly Uint8Array[] => [...rig.source.disks.values()];
const messages = async (type: string): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 }))
    .filter((event) => event.type === type)
    .map((event) => event.message);

/** Everything is kept after a boot that was not seen; from now on the guest boots. */
async function failToBoot(bootFrom: 'image' | 'volume' = 'volume'): Promise<void> {
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure: 'keep', verifyBoot: 'require' }, { bootFrom });
  expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'boot_not_proven' } });
  rig.destination.console = 'login:';
}

describe('a source that was changed before a retry', () => {
  test('by a disk that was added: it is moved, too', async () => {
    await failToBoot();
    rig.source.putDisk('2002', 4096, 9);
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(targetDisks()).toEqual(sourceDisks());
    expect(targetDisks()).toHaveLength(3);
    expect(await messages('preflight.changed')).toEqual([expect.stringMatching(/2002 is new/)]);
    expect((await rig.store.listDisks(rig.id)).map(({ diskKey, state }) => [diskKey, state])).toEqual([
      ['2000', 'verified'],
      ['2001', 'verified'],
      ['2002', 'verified'],
    ]);
  });

  test('by a disk that was removed: nothing of it is left at the target', async () => {
    await failToBoot();
    rig.source.removeDisk('2001');
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(targetDisks()).toEqual(sourceDisks());
    expect(rig.destination.kinds()).toEqual(['port', 'server', 'volume']);
    expect((await rig.store.listDisks(rig.id)).map(({ diskKey }) => diskKey)).toEqual(['2000']);
  });

  test('by a disk that was made smaller: it is copied anew, to another volume, and the image is kept', async () => {
    await failToBoot('image');
    const image = server().bootImageId;
    const { bytesRead } = rig.source;
    rig.source.putDisk('2001', 2048, 9);
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(targetDisks()).toEqual(sourceDisks());
    expect(server().bootImageId).toBe(image);
    expect(rig.source.bytesRead - bytesRead).toBe(2048);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    expect(await messages('preflight.changed')).toEqual([expect.stringMatching(/2001 is not as it was/)]);
  });

  test('by a NIC of another MAC: its port is made anew', async () => {
    await failToBoot();
    const [port] = server().portIds;
    rig.source.nics = rig.source.nics.map((nic) => ({ ...nic, mac: '00:50:56:00:00:99' }));
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(server().portIds).not.toEqual([port]);
    const ports = [...rig.destination.things.values()].filter(({ kind }) => kind === 'port');
    expect(ports).toMatchObject([{ spec: { mac: '00:50:56:00:00:99' } }]);
  });

  test('by nothing: all is kept, also where the quota has room for no more', async () => {
    await failToBoot();
    const before = [...rig.destination.things.keys()];
    const { bytesRead } = rig.source;
    rig.destination.quota = { instances: 0, cores: 0, ramMiB: 0, volumes: 0, gigabytes: 0, ports: 0 };
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect([...rig.destination.things.keys()]).toEqual(before);
    expect(rig.source.bytesRead).toBe(bytesRead);
    expect(await messages('preflight.changed')).toEqual([]);
  });

  test('so that it cannot be moved: says so, and keeps what is there', async () => {
    await failToBoot();
    const before = [...rig.destination.things.keys()];
    rig.source.putDisk('2001', 0, 0);
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'preflight_blocked' } });
    expect([...rig.destination.things.keys()]).toEqual(before);
  });

  test('and whose guest, now off, tells no addresses any more: those of before stand', async () => {
    const [nic] = rig.source.nics;
    if (!nic) throw new Error('no NIC');
    rig.source.nics = [{ ...nic, addresses: [{ address: '10.0.0.9', prefix: 24 }] }];
    rig.destination.subnets = [{ id: 's1', name: 's', cidr: '10.0.0.0/24', ipVersion: 4 }];
    rig.destination.console = 'kernel panic';
    await rig.create({ onFailure: 'keep', verifyBoot: 'require' }, { bootFrom: 'volume', keepIp: true });
    expect(await rig.run()).toMatchObject({ error: { code: 'boot_not_proven' } });
    rig.destination.console = 'login:';
    const before = server().portIds;
    rig.source.nics = [{ ...nic, addresses: [] }];
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(server().portIds).toEqual(before);
  });

  test('and a worker that dies at any of its writes, again and again', async () => {
    await failToBoot();
    rig.source.putDisk('2001', 2048, 9);
    rig.source.putDisk('2002', 4096, 8);
    await rig.retry();
    let status = 'queued';
    for (let diesAt = 1; status !== 'completed' && diesAt < 80; diesAt += 1)
      ({ status } = await rig.run({ seconds: 0.3, diesAt }));
    expect(status).toBe('completed');
    expect(targetDisks()).toEqual(sourceDisks());
    expect(rig.destination.kinds()).toEqual(['port', 'server', 'volume', 'volume', 'volume']);
  }, 60_000);
});

describe('a source that is changed under way fails, and a retry moves it as it is', () => {
  test.for([
    ['shutdown', 'before it is copied'],
    ['verify-data', 'before the target is started'],
  ] as const)('after %s: %s', async ([after]) => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    const failed = await rig.run({
      afterStep: (step) => {
        if (step === after) rig.source.putDisk('2002', 4096, 9);
      },
    });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'conflict' } });
    expect(failed.error?.message).toMatch(/Hard disk 2002 was added/);
    expect(rig.destination.kinds()).not.toContain('server');
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(targetDisks()).toEqual(sourceDisks());
  });

  test('by a disk that is removed or resized', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    const change = (step: string, what: () => void) => ({
      afterStep: (done: string) => {
        if (done === step) what();
      },
    });
    const resized = await rig.run(change('shutdown', () => rig.source.putDisk('2001', 2048, 9)));
    expect(resized.error?.message).toMatch(/2001 has 2048 bytes instead of 4096/);
    await rig.retry();
    const removed = await rig.run(change('verify-data', () => rig.source.removeDisk('2001')));
    expect(removed.error?.message).toMatch(/2001 was removed/);
  });
});
