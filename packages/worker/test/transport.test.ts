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

test('without any, what the last one lacks is told', async () => {
  for (const one of ['datastore', 'vddk', 'lease'] as const) rig.source.lacking.add(one);
  await rig.create();
  expect(await rig.run()).toMatchObject({ status: 'failed', error: { message: 'no lease' } });
});

test('VDDK knows where data is: an image is sent by its map, no change tracking is turned on, nothing stays open', async () => {
  await rig.create({}, { transport: 'vddk' });
  expect(await rig.run()).toMatchObject({ status: 'completed' });
  const size = rig.source.disks.get('2000')?.length;
  expect(rig.destination.uploads).toEqual([{ format: 'qcow2', areas: [{ offset: 0, length: size }] }]);
  const kinds = (await rig.store.listArtifacts(rig.id)).map(({ kind }) => kind);
  expect(kinds).not.toContain('change_tracking');
  expect(rig.source.open).toEqual(new Set());
});

test('a disk that cannot be written stays open no longer', async () => {
  rig.destination.breaks.upload = 9;
  await rig.create({}, { transport: 'vddk' });
  expect(await rig.run()).toMatchObject({ status: 'failed' });
  expect(rig.source.open).toEqual(new Set());
});
