import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
const beating: NodeJS.Timeout[] = [];
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(async () => {
  for (const timer of beating.splice(0)) clearInterval(timer);
  await rig.store.close();
});

const beat = (id: string) =>
  rig.store.heartbeat({
    id,
    binary: 'guts-migration',
    host: 'h',
    version: '0',
    slots: 1,
    scratchBytes: null,
    bytesPerSecond: null,
    drivers: [],
  });

const told = async (): Promise<readonly string[]> =>
  (await rig.store.listEvents({ projectId: null }, { resourceId: rig.id, after: 0, limit: 500 }))
    .map(({ type }) => type)
    .filter((type) => /waiting|silent|verify/.test(type));

/** A worker comes to a stand in the middle of its copy, its volumes open. */
async function stallInCopy(): Promise<void> {
  await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
  await beat('w1');
  let writes = 0;
  const { store } = rig;
  const putCheckpoint = store.putCheckpoint.bind(store);
  store.putCheckpoint = async (...given) => {
    writes += 1;
    if (writes === 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    return putCheckpoint(...given);
  };
  expect((await rig.run({ seconds: 0.5 })).status).toBe('running');
}

/** What the first worker had still to write comes after its successor has copied everything. */
const lateWrite = (step: string): void => {
  if (step !== 'transfer') return;
  setTimeout(() => {
    const volume = [...rig.destination.things.values()].find(({ kind }) => kind === 'volume');
    volume?.bytes.fill(99, 0, 10);
  }, 100);
};

describe('a predecessor that is cut off while it has the target open as a file', () => {
  test('and of which nobody hears: what it writes late is seen when the data is verified, and copied again', async () => {
    await stallInCopy();
    const ended = await rig.run({ worker: 'w2', seconds: 1.5, afterStep: lateWrite });
    expect(ended.status).toBe('completed');
    expect(await told()).toEqual([
      'migration.waiting',
      'migration.predecessor_silent',
      'verify.differs',
      'verify.repaired',
    ]);
    const passes = await rig.store.listPasses(rig.id);
    expect(passes[0]?.verification).toMatchObject({ matches: true, bytesRepaired: 1024 });
  });

  test('is waited for by whoever takes over next, too', async () => {
    await stallInCopy();
    await rig.run({
      worker: 'w2',
      seconds: 0.5,
      afterStep: (step) => {
        if (step === 'transfer') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
      },
    });
    const before = (await told()).length;
    expect((await rig.run({ worker: 'w3', seconds: 1 })).status).toBe('completed');
    expect((await told()).slice(before)).toEqual(['migration.waiting', 'migration.predecessor_silent']);
  });

  test('and whose process has ended is not waited for', async () => {
    await stallInCopy();
    await rig.store.removeService('w1');
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
    expect(await told()).toEqual([]);
  });

  test('and which had written to no volume yet is not waited for', async () => {
    await rig.create({ onFailure: 'keep' }, { bootFrom: 'volume' });
    await beat('w1');
    let attached: readonly string[] = [];
    await rig.run({
      seconds: 0.5,
      afterStep: (step) => {
        if (step !== 'reserve') return;
        attached = rig.destination.kinds();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
      },
    });
    expect(attached).toContain('attachment');
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
    expect(await told()).toEqual([]);
  });

  test('and that goes on is waited for until it knows that it lost', async () => {
    await stallInCopy();
    beating.push(setInterval(() => void beat('w1'), 50));
    expect((await rig.run({ worker: 'w2', seconds: 1.5 })).status).toBe('completed');
    expect(await told()).toEqual(['migration.waiting']);
  });
});

test('a worker that goes on with its own work waits for nobody', async () => {
  await rig.create({}, { bootFrom: 'volume' });
  await beat('w1');
  rig.destination.breaks.remove = 1;
  expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
  expect(await told()).toEqual([]);
});
