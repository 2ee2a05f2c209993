import { setTimeout as sleep } from 'node:timers/promises';
import { type DestinationConnection, type DiskCopier, GutsError } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copier, Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

/** A copier that does something after so many chunks of all disks, once, and then goes on or fails. */
function interrupted(after: number, what: () => void, failure?: Error): DiskCopier {
  let chunks = 0;
  return {
    ...copier,
    copy: (job) =>
      copier.copy({
        ...job,
        onCheckpoint: async (checkpoint) => {
          await job.onCheckpoint?.(checkpoint);
          chunks += 1;
          if (chunks !== after) return;
          what();
          if (failure) throw failure;
        },
      }),
  };
}

const broke = new GutsError('source_unreachable', 'other side closed', { transient: true });
const volumes = (): readonly Uint8Array[] =>
  [...rig.destination.things.values()].filter(({ kind }) => kind === 'volume').map(({ bytes }) => bytes);
const notes = async (): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 }))
    .filter((event) => event.type === 'transfer.read_anew')
    .map((event) => event.message);

describe('a source that was started and stopped again while it was copied', () => {
  test('between two attempts: nothing of before counts, what was not written goes on', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    rig.copier = interrupted(3, () => rig.source.runMeanwhile('2000', 77), broke);
    expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
    expect(volumes()).toEqual([...rig.source.disks.values()]);
    expect(await notes()).toEqual([expect.stringMatching(/2000 is copied anew: it was written/)]);
  });

  test('in the middle of an attempt that no error ends', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    rig.copier = interrupted(3, () => rig.source.runMeanwhile('2000', 77));
    expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
    expect(volumes()).toEqual([...rig.source.disks.values()]);
  });

  test('after a disk was finished: all disks are of one moment', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    // Four chunks a disk, two disks at once: the eighth ends the second one.
    rig.copier = interrupted(
      8,
      () => rig.source.disks.forEach((_, key) => rig.source.runMeanwhile(key, 78)),
      broke,
    );
    expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
    expect(volumes()).toEqual([...rig.source.disks.values()]);
    expect(await notes()).toHaveLength(2);
  });

  test('and that runs at the end is a failure', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    rig.copier = interrupted(3, () => {
      rig.source.power = 'on';
    });
    const ended = await rig.run({ retryPauses: [1] });
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'source_power' } });
    expect(ended.error?.message).toContain('started it while it was copied');
  });
});

test('a source that cannot tell is copied anew after every interruption', async () => {
  rig.source.contents = null;
  await rig.create({}, { bootFrom: 'volume' });
  rig.copier = interrupted(3, () => rig.source.runMeanwhile('2000', 77), broke);
  expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
  expect(volumes()).toEqual([...rig.source.disks.values()]);
  expect((await notes())[0]).toContain('cannot tell');
});

test('a volume that was made of an image is made anew with its image', async () => {
  const { driver } = rig.destination;
  const connect = driver.connect.bind(driver);
  /** Every volume is filled by an image: this worker reaches none as a device. */
  const byImage = async (...given: Parameters<typeof connect>): Promise<DestinationConnection> => {
    const connection = await connect(...given);
    const facts = async (signal: AbortSignal) => ({
      ...(await connection.facts(signal)),
      volumeTransports: ['image' as const],
    });
    return { ...connection, facts };
  };
  Object.assign(driver, { connect: byImage });
  await rig.create({}, { bootFrom: 'volume' });
  let copies = 0;
  rig.copier = {
    ...copier,
    copy: async (job) => {
      copies += 1;
      if (copies === 2) {
        // The other disk's volume stands, and its image with it.
        while (volumes().length === 0) await sleep(5);
        for (const key of rig.source.disks.keys()) rig.source.runMeanwhile(key, 79);
      }
      return copier.copy(job);
    },
  };
  const ended = await rig.run({
    retryPauses: [1],
    afterStep: (step) => {
      if (step !== 'transfer') return;
      for (const { kind, spec } of rig.destination.things.values()) {
        if (kind !== 'volume') continue;
        const imageId = (spec as { imageId: string }).imageId;
        expect(rig.destination.things.get(imageId)?.bytes[0]).toBe(79);
      }
    },
  });
  expect(ended.error).toBeNull();
  expect(copies).toBe(4);
  expect(volumes()).toHaveLength(2);
});
