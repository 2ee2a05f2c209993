import { decide, DEFAULT_LIMITS, type DriverSchemas, type TransportName } from '@guts/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

test.for([
  ['ranges are read where they can be had', [], 'datastore'],
  ['else by VDDK, where the worker has that', ['datastore'], 'vddk'],
  ['else as a stream', ['datastore', 'vddk'], 'lease'],
] as const)('%s', async ([, lacking, transport]) => {
  for (const one of lacking) rig.source.lacking.add(one);
  await rig.create();
  expect(await rig.run()).toMatchObject({ status: 'completed' });
  const passes = await rig.store.listPasses(rig.id);
  expect(passes.map((pass) => pass.transport)).toEqual([transport, transport]);
});

test.for([
  ['datastore', []],
  ['vddk', ['datastore']],
] as const)('whoever goes on has to have what preflight chose: %s', async ([chosen, lacking]) => {
  for (const one of lacking) rig.source.lacking.add(one);
  rig.destination.console = 'kernel panic';
  await rig.create({ onFailure: 'keep', verifyBoot: 'require' });
  // Nobody chose yet: any worker would do.
  expect((await rig.migration()).demand.transport).toBeUndefined();
  expect(await rig.run()).toMatchObject({ status: 'failed' });
  expect((await rig.migration()).demand.transport).toBe(chosen);
  await rig.retry();

  const beat = async (id: string, transports: readonly TransportName[]): Promise<void> => {
    const offer = (name: string, side: 'source' | 'destination'): DriverSchemas => ({
      name,
      side,
      title: name,
      settings: {},
      secret: {},
      ...(side === 'source' ? { transports } : {}),
    });
    await rig.store.heartbeat({
      id,
      binary: 'guts-migration',
      host: id,
      version: '0',
      slots: 9,
      scratchBytes: null,
      bytesPerSecond: null,
      drivers: [offer('vsphere', 'source'), offer('openstack', 'destination')],
    });
  };
  const round = async () => {
    const options = { aliveSeconds: 60, reservationSeconds: 60, limit: 10 };
    const { reserved } = await rig.store.scheduleRound(options, (view) => decide(view, DEFAULT_LIMITS));
    return [reserved.map(({ workerId }) => workerId), (await rig.migration()).reason];
  };
  await beat(
    'without',
    (['lease', 'datastore', 'vddk'] as const).filter((one) => one !== chosen),
  );
  expect(await round()).toEqual([[], expect.stringContaining(`what the transport '${chosen}' needs`)]);
  await beat('with', [chosen]);
  expect(await round()).toEqual([['with'], expect.anything()]);
});

test('without any, what the last one lacks is told', async () => {
  for (const one of ['datastore', 'vddk', 'lease'] as const) rig.source.lacking.add(one);
  await rig.create();
  expect(await rig.run()).toMatchObject({ status: 'failed', error: { message: 'no lease' } });
});

test('VDDK knows where data is: an image is sent by its map, no change tracking is turned on, nothing stays open', async () => {
  await rig.create({}, { transport: 'vddk' });
  expect(await rig.run()).toMatchObject({ status: 'completed' });
  const size = rig.source.disks.get('2000')?.length;
  expect(rig.destination.uploads).toEqual([
    { format: 'qcow2', areas: [{ offset: 0, length: size }], sha512: true },
  ]);
  const kinds = (await rig.store.listArtifacts(rig.id)).map(({ kind }) => kind);
  expect(kinds).not.toContain('change_tracking');
  expect(rig.source.open).toEqual(new Set());
});

test('an image that nobody verifies is not digested on its way', async () => {
  await rig.create({ verifyData: 'off' });
  expect(await rig.run()).toMatchObject({ status: 'completed' });
  expect(rig.destination.uploads.map(({ sha512 }) => sha512)).toEqual([false]);
  const [pass] = await rig.store.listPasses(rig.id);
  expect(pass?.manifest).toMatchObject({ upload: { sha512: null } });
});

test('a disk that cannot be written stays open no longer', async () => {
  rig.destination.breaks.upload = 9;
  await rig.create({}, { transport: 'vddk' });
  expect(await rig.run()).toMatchObject({ status: 'failed' });
  expect(rig.source.open).toEqual(new Set());
});
