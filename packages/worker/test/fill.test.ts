import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
  rig.destination.volumeTransports = ['auto', 'image'];
});
afterEach(() => rig.store.close());

const told = async (): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 }))
    .filter(({ type }) => type === 'transfer.fill')
    .map(({ message }) => message);
const volumes = (): readonly Uint8Array[] =>
  [...rig.destination.things.values()].filter(({ kind }) => kind === 'volume').map(({ bytes }) => bytes);
const expectMoved = (): void => {
  const wanted = [...rig.source.disks.values()];
  expect(volumes()).toHaveLength(wanted.length);
  for (const disk of wanted) expect(volumes()).toContainEqual(disk);
  expect(rig.destination.kinds()).toEqual(['port', 'server', 'volume', 'volume']);
};
const dieAfter =
  (wanted: string) =>
  (step: string): void => {
    if (step === wanted) throw new Error(`dies after ${wanted}`);
  };

describe('where it is left to GUTS how volumes are filled', () => {
  test('they are filled directly when the worker reaches them, and it says so', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    expect(await rig.run()).toMatchObject({ status: 'completed' });
    expect(rig.destination.opened).toHaveLength(2);
    expect(await told()).toEqual([
      expect.stringMatching(/is filled directly: this worker reaches its volume/),
      expect.stringMatching(/is filled directly/),
    ]);
    expectMoved();
  });

  test('else by images, which is decided and told while the source runs', async () => {
    rig.destination.unreached.add('*');
    await rig.create({}, { bootFrom: 'volume' });
    let atShutdown: readonly string[] = [];
    const afterStep = (step: string): void => {
      if (step === 'reserve') atShutdown = rig.destination.kinds();
    };
    expect(await rig.run({ afterStep })).toMatchObject({ status: 'completed' });
    // Nothing is left of the trial.
    expect(atShutdown).toEqual(['port']);
    expect(rig.destination.opened).toEqual([]);
    expect(await told()).toEqual([
      expect.stringMatching(/is filled from an image.*does not reach/),
      expect.stringMatching(/is filled from an image.*does not reach/),
    ]);
    expectMoved();
  });

  test('each by its storage: one type of volume directly, the other by images', async () => {
    rig.destination.unreached.add('nfs');
    await rig.create(
      {},
      {
        bootFrom: 'volume',
        mapping: {
          networks: { '*': { network: 'own' } },
          datastores: {},
          nics: {},
          disks: { '2001': { volumeType: 'nfs' } },
        },
      },
    );
    expect(await rig.run()).toMatchObject({ status: 'completed' });
    expect(rig.destination.opened).toHaveLength(1);
    expectMoved();
  });

  test('what the image service has no room for is found while the source runs', async () => {
    rig.destination.unreached.add('*');
    rig.destination.quota = { images: 1 };
    await rig.create({}, { bootFrom: 'volume' });
    expect(await rig.run()).toMatchObject({
      status: 'failed',
      error: { code: 'preflight_blocked', message: expect.stringContaining('images: 2 wanted, 1 left') },
    });
    expect((await rig.store.listSteps(rig.id)).map(({ step }) => step)).not.toContain('shutdown');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('a refusal of the volume itself is no reason for images', async () => {
    rig.destination.refuse.add('volume');
    await rig.create({}, { bootFrom: 'volume' });
    expect(await rig.run()).toMatchObject({ status: 'failed', error: { code: 'destination_quota' } });
    expect(await told()).toEqual([]);
  });

  test('a worker that reaches them not goes on by images where one that did was stopped', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    let left = 3;
    const { copier } = rig;
    rig.copier = {
      ...copier,
      copy: (job) =>
        copier.copy({
          ...job,
          onCheckpoint: async (checkpoint) => {
            await job.onCheckpoint?.(checkpoint);
            left -= 1;
            if (left === 0) throw new Error('the copy breaks');
          },
        }),
    };
    expect((await rig.run()).status).toBe('failed');
    rig.copier = copier;
    rig.destination.unreached.add('*');
    await rig.retry();
    expect(await rig.run({ worker: 'w2' })).toMatchObject({ status: 'completed' });
    expectMoved();
    expect((await told()).at(-1)).toMatch(/is filled from an image/);
  });

  test.for(['preflight', 'reserve', 'shutdown', 'transfer'] as const)(
    'one that dies after %s is followed by one that reaches them not',
    async (step) => {
      rig.source.power = 'off';
      await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
      await rig.run({ afterStep: dieAfter(step) });
      rig.destination.unreached.add('*');
      await rig.retry();
      // What was copied cannot be read by this worker to be compared.
      const wanted = step === 'transfer' ? 'failed' : 'completed';
      expect(await rig.run({ worker: 'w2' })).toMatchObject({ status: wanted });
    },
  );

  test('by images: it may die at any of its writes, again and again', async () => {
    rig.destination.unreached.add('*');
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    let status = 'queued';
    for (let diesAt = 1; status !== 'completed' && diesAt < 90; diesAt += 3)
      ({ status } = await rig.run({ seconds: 0.3, diesAt }));
    expect(status).toBe('completed');
    expectMoved();
  }, 60_000);
});
