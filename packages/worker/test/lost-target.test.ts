import type { ServerSpec } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MigrationRun } from '../src/index.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
  // Off from the start: what was copied stands.
  rig.source.power = 'off';
});
afterEach(() => rig.store.close());

function idOf(kind: string): string {
  const found = [...rig.destination.things].find(([, thing]) => thing.kind === kind);
  if (!found) throw new Error(`there is no ${kind}`);
  return found[0];
}
const serverSpec = (): ServerSpec => rig.destination.things.get(idOf('server'))?.spec as ServerSpec;
/** What the only server is made of. */
function targetDisks(): readonly Uint8Array[] {
  const { bootImageId, bootVolumeId, dataVolumeIds } = serverSpec();
  return [bootVolumeId ?? bootImageId ?? '', ...dataVolumeIds].map(
    (id) => rig.destination.things.get(id)?.bytes ?? new Uint8Array(),
  );
}
const sourceDisks = (): readonly Uint8Array[] => [...rig.source.disks.values()];
const messages = async (): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 })).map(
    (event) => event.message,
  );

/** Everything is kept after a boot that was not seen; from now on the guest boots. */
async function failToBoot(bootFrom: 'image' | 'volume'): Promise<void> {
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure: 'keep', verifyBoot: 'require' }, { bootFrom });
  expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'boot_not_proven' } });
  rig.destination.console = 'login:';
}

/** Retries to the end. @returns bytes that were read anew */
async function retry(): Promise<number> {
  const { bytesRead } = rig.source;
  await rig.retry();
  expect(await rig.run()).toMatchObject({ status: 'completed', error: null });
  return rig.source.bytesRead - bytesRead;
}

describe('somebody removed of what was kept for a retry', () => {
  test('the server: it is made again of the same volumes', async () => {
    await failToBoot('volume');
    const lost = idOf('server');
    const { bootVolumeId, dataVolumeIds } = serverSpec();
    rig.destination.things.delete(lost);
    expect(await retry()).toBe(0);
    expect(idOf('server')).not.toBe(lost);
    expect(serverSpec()).toMatchObject({ bootVolumeId, dataVolumeIds });
    const servers = (await rig.store.listArtifacts(rig.id)).filter(({ kind }) => kind === 'server');
    expect(servers.map(({ status }) => status)).toEqual(['removed', 'created']);
    expect(await messages()).toContainEqual(`server ${lost} is gone: it is made anew of the same disks`);
  });

  test('the server, whose root disk went with it: its volumes are copied anew, its image is kept', async () => {
    rig.destination.guestWrites = 0xee;
    await failToBoot('image');
    const image = idOf('image');
    rig.destination.things.delete(idOf('server'));
    rig.destination.guestWrites = null;
    expect(await retry()).toBe(4096);
    expect(idOf('image')).toBe(image);
    expect(targetDisks()).toEqual(sourceDisks());
  });

  test('the server and a volume: that disk is copied anew, and that alone', async () => {
    await failToBoot('volume');
    const [volume = ''] = serverSpec().dataVolumeIds;
    rig.destination.things.delete(idOf('server'));
    rig.destination.things.delete(volume);
    expect(await retry()).toBe(4096);
    expect(targetDisks()).toEqual(sourceDisks());
    expect(await messages()).toContainEqual(
      `volume ${volume} of Hard disk 2001 is gone at the destination: it is made anew`,
    );
  });

  test('the image that it boots from', async () => {
    rig.destination.guestWrites = 0xee;
    await failToBoot('image');
    rig.destination.things.delete(idOf('image'));
    rig.destination.guestWrites = null;
    expect(await retry()).toBe(8192);
    expect(targetDisks()).toEqual(sourceDisks());
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
  });

  test('the images that its volumes were made of: nobody needs them', async () => {
    rig.destination.volumeTransports = ['image'];
    await failToBoot('volume');
    for (const [id, { kind }] of rig.destination.things)
      if (kind === 'image') rig.destination.things.delete(id);
    expect(await retry()).toBe(0);
    expect(targetDisks()).toEqual(sourceDisks());
  });

  test('a port: the server is made again with a new one', async () => {
    await failToBoot('volume');
    const lost = idOf('server');
    rig.destination.things.delete(idOf('port'));
    await retry();
    expect(idOf('server')).not.toBe(lost);
    expect(serverSpec().portIds).toEqual([idOf('port')]);
    expect(targetDisks()).toEqual(sourceDisks());
  });
});

describe('what is lost under way', () => {
  test('a volume before the server is made: the failure says so, and a retry copies it anew', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    let lost = '';
    const failed = await rig.run({
      afterStep: (done) => {
        if (done !== 'verify-data') return;
        lost = idOf('volume');
        rig.destination.things.delete(lost);
      },
    });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'destination_fault' } });
    expect(failed.error?.message).toContain(`volume ${lost} of Hard disk 2000 is gone`);
    expect(failed.error?.remedy).toMatch(/^Retry/);
    expect(rig.destination.kinds()).not.toContain('server');
    expect(await retry()).toBe(4096);
    expect(targetDisks()).toEqual(sourceDisks());
  });

  test.for([
    ['volume', 'completed', /^$/, 0],
    ['image', 'failed', /is gone, and its root disk with it/, 4096],
  ] as const)(
    'the server, of a worker that died in its making, boot from %s',
    async ([bootFrom, ends, says, read]) => {
      await rig.create({ onFailure: 'keep' }, { bootFrom });
      let run: MigrationRun | undefined;
      await rig.run({
        started: (begun) => (run = begun),
        afterStep: (done) => {
          if (done === 'convert') run?.evict();
        },
      });
      // In the end one dies when it is about to record that provision ended: the server is made and known.
      let lost = '';
      for (let diesAt = 1; lost === '' && diesAt < 20; diesAt += 1) {
        await rig.run({ seconds: 0.3, diesAt });
        const made = (await rig.store.listArtifacts(rig.id)).find(
          ({ kind, status }) => kind === 'server' && status === 'created',
        );
        lost = made?.externalId ?? '';
      }
      expect(rig.destination.things.delete(lost)).toBe(true);
      expect((await rig.store.listSteps(rig.id)).at(-1)).toMatchObject({
        step: 'provision',
        status: 'running',
      });
      const { bytesRead } = rig.source;
      const ended = await rig.run();
      expect([ended.status, ended.error?.message ?? '']).toEqual([ends, expect.stringMatching(says)]);
      if (ends === 'failed') await retry();
      expect(rig.source.bytesRead - bytesRead).toBe(read);
      expect(idOf('server')).not.toBe(lost);
      expect(targetDisks()).toEqual(sourceDisks());
    },
  );
});

describe('a source that was started and stopped again after it was copied', () => {
  test('is not followed by a target: the failure says so, and a retry copies anew what was written', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    const failed = await rig.run({
      afterStep: (done) => {
        if (done === 'verify-data') rig.source.runMeanwhile('2001', 77);
      },
    });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'source_power' } });
    expect(failed.error?.message).toMatch(/written since it was copied: Hard disk 2001/);
    expect(rig.destination.kinds()).not.toContain('server');
    expect(await retry()).toBe(4096);
    expect(targetDisks()).toEqual(sourceDisks());
  });

  test('or that cannot tell any more', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    const failed = await rig.run({
      afterStep: (done) => {
        if (done === 'verify-data') rig.source.contents = null;
      },
    });
    expect(failed.error?.message).toMatch(
      /cannot tell whether it was written: Hard disk 2000, Hard disk 2001/,
    );
  });
});
