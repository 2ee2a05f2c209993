import { GutsError } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MigrationRun } from '../src/index.ts';
import { copier, Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

/** Long enough to come to the copy on a machine that is busy. */
const LEASE_SECONDS = 2;

/** The whole process stops for longer than that. */
function sleepThroughLease(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_SECONDS * 1000 + 200);
}

/** Bytes of both disks that checkpoints tell of. */
async function flushed(): Promise<number> {
  let sum = 0;
  for (const { diskKey } of await rig.store.listDisks(rig.id))
    sum += (await rig.store.listCheckpoints(rig.id, diskKey, 1)).at(-1)?.flushedBytes ?? 0;
  return sum;
}

describe('a copy that a worker did not end', () => {
  test('is gone on with behind its last checkpoint by the next one', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    let chunks = 0;
    rig.copier = {
      ...copier,
      copy: (job) =>
        copier.copy({
          ...job,
          onCheckpoint: async (checkpoint) => {
            await job.onCheckpoint?.(checkpoint);
            chunks += 1;
            if (chunks === 3) sleepThroughLease();
          },
        }),
    };
    await rig.run({ seconds: LEASE_SECONDS });
    expect((await rig.migration()).status).toBe('running');
    const before = rig.source.bytesRead;
    const safe = await flushed();
    rig.copier = copier;
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
    // Nothing that a checkpoint tells of is read again; everything else is, and is right.
    expect(safe).toBeGreaterThanOrEqual(3 * 1024);
    expect(rig.source.bytesRead - before).toBe(2 * 4096 - safe);
    const volumes = [...rig.destination.things.values()].filter((thing) => thing.kind === 'volume');
    expect(volumes.map((volume) => volume.bytes)).toEqual([...rig.source.disks.values()]);
  });

  test('a disk that was finished is not read again', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    rig.destination.refuse.add('server');
    let stopped = false;
    await rig.run({
      seconds: LEASE_SECONDS,
      afterStep: (step) => {
        if (step !== 'transfer' || stopped) return;
        stopped = true;
        sleepThroughLease();
      },
    });
    rig.destination.refuse.clear();
    const before = rig.source.bytesRead;
    expect(before).toBe(2 * 4096);
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
    expect(rig.source.bytesRead).toBe(before);
  });
});

describe('a worker that stops', () => {
  test('comes to a checkpoint, gives the lease up, and nothing is read twice', async () => {
    await rig.create({}, { bootFrom: 'volume' });
    let run: MigrationRun | undefined;
    let chunks = 0;
    rig.copier = {
      ...copier,
      copy: (job) =>
        copier.copy({
          ...job,
          onProgress: (progress) => {
            job.onProgress?.(progress);
            chunks += 1;
            if (chunks === 3) run?.handOver();
          },
        }),
    };
    const handed = await rig.run({ started: (one) => (run = one) });
    expect(handed).toMatchObject({ status: 'queued', workerId: null });
    expect(handed.reason).toContain('handed over');
    rig.copier = copier;
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
    expect(rig.source.bytesRead).toBe(2 * 4096);
  });

  test('in the middle of an undo lets it end', async () => {
    await rig.create();
    let run: MigrationRun | undefined;
    const ended = await rig.run({
      started: (one) => (run = one),
      afterStep: (step) => {
        if (step === 'provision') throw new GutsError('fault_injected', 'on purpose');
        run?.nudge();
      },
    });
    expect(ended.status).toBe('failed');
    expect(rig.source.power).toBe('on');
  });

  test('and can wait no longer gives an undo up, which its successor ends', async () => {
    await rig.create();
    await rig.run();
    const change = { status: 'reverting' as const, request: { action: 'revert' as const } };
    await rig.store.moveMigration(rig.id, ['completed'], change, rig.event('revert'));
    const evicted = await rig.run({ started: (one) => one.evict() });
    expect(evicted).toMatchObject({ status: 'reverting', workerId: null });
    expect((await rig.run({ worker: 'w2' })).status).toBe('reverted');
  });
});

describe('a worker that slept through its lease', () => {
  test('touches nothing outside any more', async () => {
    await rig.create();
    await rig.run({
      seconds: 0.2,
      afterStep: (step) => {
        if (step === 'reserve') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      },
    });
    // The next step would have been the shutdown of the source.
    expect(rig.source.power).toBe('on');
    expect((await rig.migration()).status).toBe('running');
  });

  test('does not even log in', async () => {
    await rig.create();
    await rig.run({
      seconds: 0.2,
      started: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300),
    });
    expect(rig.source.logins).toBe(0);
  });
});
