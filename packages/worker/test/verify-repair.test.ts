import { buildReport, type DiskCopier } from '@guts/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copier, Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

const volumes = (): readonly Uint8Array[] =>
  [...rig.destination.things.values()].filter(({ kind }) => kind === 'volume').map(({ bytes }) => bytes);
const told = async (): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 }))
    .filter((event) => event.type.startsWith('verify.'))
    .map((event) => `${event.type} ${event.message}`);
const flip = (bytes: Uint8Array | undefined, at: number): void => {
  if (bytes) bytes[at] = (bytes[at] ?? 0) ^ 1;
};

test('a byte that turned at the destination is named, and its chunk alone copied again', async () => {
  await rig.create({}, { bootFrom: 'volume' });
  const repaired: unknown[] = [];
  rig.copier = {
    ...copier,
    repair: (job) => {
      repaired.push(job.extents);
      return copier.repair(job);
    },
  };
  const ended = await rig.run({
    afterStep: (step) => {
      if (step === 'transfer') flip(volumes()[0], 2050);
    },
  });
  expect(ended.status).toBe('completed');
  expect(volumes()).toEqual([...rig.source.disks.values()]);
  expect(repaired).toEqual([[{ offset: 2048, length: 1024 }]]);
  expect(await told()).toEqual([
    expect.stringMatching(
      /^verify\.differs .*the destination differs at 2048\+1024; it is copied again there/,
    ),
    expect.stringMatching(/^verify\.repaired .*1024 bytes were copied again and are equal now/),
  ]);
  const passes = await rig.store.listPasses(rig.id);
  expect(passes.map(({ verification }) => verification)).toMatchObject([
    { matches: true, sampled: false, bytesRepaired: 1024 },
    { matches: true, sampled: false, bytesRepaired: 0 },
  ]);
});

test('a source that gives other bytes than when it was copied is found when it is read once more', async () => {
  for (const verifyData of ['full', 'both'] as const) {
    const own = await Rig.open();
    await own.create({ verifyData }, { bootFrom: 'volume' });
    const ended = await own.run({
      afterStep: (step) => {
        if (step === 'transfer') flip([...own.source.disks.values()][1], 1030);
      },
    });
    expect(ended.status).toBe('completed');
    const held = [...own.destination.things.values()].filter(({ kind }) => kind === 'volume');
    const differs = held.some(
      ({ bytes }, at) => Buffer.compare(bytes, [...own.source.disks.values()][at] ?? bytes) !== 0,
    );
    // Read once, the source was believed.
    expect(differs).toBe(verifyData === 'full');
    const passes = await own.store.listPasses(own.id);
    expect(
      passes.map(({ verification }) => (verification as { bytesRepaired: number }).bytesRepaired),
    ).toEqual(verifyData === 'both' ? [0, 1024] : [0, 0]);
    await own.store.close();
  }
});

test('what differs also after it was copied again fails, and says where', async () => {
  await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
  const deaf: DiskCopier = {
    ...copier,
    repair: async () => ({ changed: [], bytesRead: 0, bytesWritten: 0 }),
  };
  rig.copier = deaf;
  const ended = await rig.run({
    afterStep: (step) => {
      if (step === 'transfer') flip(volumes()[0], 5);
    },
  });
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'disk_mismatch' } });
  expect(ended.error?.message).toMatch(/differs at 0\+1024, also after it was copied again/);
});

test('a sample says that it is one, and the report does not call the data verified', async () => {
  await rig.create({ verifyData: 'sampled' }, { bootFrom: 'volume' });
  const samples: unknown[] = [];
  rig.copier = {
    ...copier,
    verify: (job) => {
      samples.push(job.sample);
      return copier.verify(job);
    },
  };
  expect((await rig.run()).status).toBe('completed');
  expect(samples).toEqual([0.1, 0.1]);
  const passes = await rig.store.listPasses(rig.id);
  expect(passes[0]?.verification).toMatchObject({ matches: true, sampled: true });
  const { store, id } = rig;
  const migration = await store.getMigration(id, { projectId: null });
  if (!migration) throw new Error('it is gone');
  const report = buildReport(migration, [], [], await store.listDisks(id), passes);
  expect(report.verified).toBe(false);
  expect(report.summary).toMatch(/data not verified/);
});
