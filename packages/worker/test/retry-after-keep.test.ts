import type { ServerSpec } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
  rig.destination.guestWrites = 0xee;
});
afterEach(() => rig.store.close());

const keys = ['2000', '2001'];
const disk = (key: string): Uint8Array => rig.source.disks.get(key) ?? new Uint8Array();

interface Seen {
  readonly server: string;
  /** What the server was made of, in the order of the source's disks. */
  readonly disks: readonly Uint8Array[];
}

/** What the only server is made of, as it was when the data was verified. */
function watch(): { readonly afterStep: (step: string) => void; readonly seen: () => Seen } {
  let verified = new Map<string, Uint8Array>();
  return {
    afterStep: (step) => {
      if (step !== 'verify-data') return;
      const { things } = rig.destination;
      verified = new Map([...things].map(([id, { bytes }]) => [id, bytes.slice()]));
    },
    seen: () => {
      const servers = [...rig.destination.things].filter(([, { kind }]) => kind === 'server');
      expect(servers).toHaveLength(1);
      const [[server, { spec }]] = servers as [(typeof servers)[number]];
      const { bootImageId, bootVolumeId, dataVolumeIds } = spec as ServerSpec;
      const disks = [bootVolumeId ?? bootImageId ?? '', ...dataVolumeIds];
      return { server, disks: disks.map((id) => verified.get(id) ?? new Uint8Array()) };
    },
  };
}

/** Fails because its guest is not seen to boot; everything is kept, and the guest boots from now on. */
async function failToBoot(bootFrom: 'image' | 'volume'): Promise<Seen> {
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure: 'keep', verifyBoot: 'require' }, { bootFrom });
  const { afterStep, seen } = watch();
  expect(await rig.run({ afterStep })).toMatchObject({ error: { code: 'boot_not_proven' } });
  rig.destination.console = 'login:';
  return seen();
}

describe('a retry after everything was kept', () => {
  test.for([
    ['image', 'device'],
    ['volume', 'device'],
    ['volume', 'image'],
  ] as const)('of a source that ran again, boot from %s, volumes by %s', async ([bootFrom, fill]) => {
    rig.destination.volumeTransports = fill === 'image' ? ['image'] : ['device', 'image'];
    const first = await failToBoot(bootFrom);
    expect(first.disks).toEqual(keys.map(disk));
    expect(rig.source.power).toBe('on');
    for (const key of keys) disk(key).fill(77);
    await rig.retry();
    const { afterStep, seen } = watch();
    expect(await rig.run({ afterStep })).toMatchObject({ status: 'completed', error: null });
    expect(seen().disks).toEqual(keys.map(disk));
    expect(seen().server).not.toBe(first.server);
    // Nothing of before is left.
    const root = bootFrom === 'image' ? 'image' : 'volume';
    expect(rig.destination.kinds()).toEqual([root, 'port', 'server', 'volume'].toSorted());
    const events = await rig.store.listEvents(
      { projectId: null },
      { resourceId: rig.id, after: 0, limit: 500 },
    );
    expect(events.map(({ type }) => type)).toContain('transfer.server_removed');
  });

  test('a volume that holds old data is not said to read as zero', async () => {
    await failToBoot('volume');
    expect(rig.destination.opened.splice(0).map(({ fresh }) => fresh)).toEqual([true, true]);
    await rig.retry();
    expect((await rig.run()).status).toBe('completed');
    expect(rig.destination.opened.map(({ fresh }) => fresh)).toEqual([false, false]);
  });

  test('that dies at any of its writes, again and again', async () => {
    await failToBoot('volume');
    for (const key of keys) disk(key).fill(77);
    await rig.retry();
    const { afterStep, seen } = watch();
    let status = 'queued';
    for (let diesAt = 1; status !== 'completed' && diesAt < 60; diesAt += 1)
      ({ status } = await rig.run({ seconds: 0.3, diesAt, afterStep }));
    expect(status).toBe('completed');
    expect(seen().disks).toEqual(keys.map(disk));
  }, 60_000);
});

describe('a retry of a source that was off from the start', () => {
  beforeEach(() => {
    rig.source.power = 'off';
  });

  test('and that nobody ran takes everything as it is, and starts the server again', async () => {
    const first = await failToBoot('volume');
    const { bytesRead } = rig.source;
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(rig.source.bytesRead).toBe(bytesRead);
    expect([...rig.destination.things.keys()]).toContain(first.server);
    expect(rig.destination.serverState).toBe('active');
  });

  test('and that somebody ran meanwhile copies it anew, with all that a guest wrote to', async () => {
    const first = await failToBoot('volume');
    rig.source.runMeanwhile('2001', 77);
    await rig.retry();
    const { afterStep, seen } = watch();
    expect(await rig.run({ afterStep })).toMatchObject({ status: 'completed', error: null });
    expect(seen().disks).toEqual(keys.map(disk));
    expect(seen().server).not.toBe(first.server);
  });

  test('keeps the image that the server booted from, for nobody wrote to it', async () => {
    await failToBoot('image');
    const { bytesRead } = rig.source;
    rig.source.runMeanwhile('2001', 77);
    await rig.retry();
    const { afterStep, seen } = watch();
    expect(await rig.run({ afterStep })).toMatchObject({ status: 'completed', error: null });
    expect(seen().disks).toEqual(keys.map(disk));
    expect(rig.source.bytesRead - bytesRead).toBe(4096);
  });

  test('and that is on by now stops it first', async () => {
    await failToBoot('image');
    rig.source.power = 'on';
    await rig.retry();
    expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
    expect(rig.source.power).toBe('off');
  });

  test('copies what differed on the destination again, and that alone', async () => {
    rig.destination.corruptVolumes = true;
    await rig.create({ onFailure: 'keep' });
    expect(await rig.run()).toMatchObject({ error: { code: 'disk_mismatch' } });
    rig.destination.corruptVolumes = false;
    const { bytesRead } = rig.source;
    await rig.retry();
    const { afterStep, seen } = watch();
    expect(await rig.run({ afterStep })).toMatchObject({ status: 'completed', error: null });
    expect(seen().disks).toEqual(keys.map(disk));
    expect(rig.source.bytesRead - bytesRead).toBe(4096);
  });
});
