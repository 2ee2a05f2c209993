import type { Migration } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Worker } from '../src/index.ts';
import { copier, Rig } from './rig.ts';

let rig: Rig;
const workers: Worker[] = [];
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await rig.store.close();
});

async function start(id: string, options: { stopSeconds?: number; host?: string } = {}): Promise<Worker> {
  const worker = rig.worker(id, options);
  workers.push(worker);
  await rig.reserve(id);
  await worker.start();
  return worker;
}

/** Once it says so. */
async function until(wanted: (migration: Migration) => boolean): Promise<Migration> {
  await expect.poll(async () => wanted(await rig.migration()), { timeout: 10_000 }).toBe(true);
  return rig.migration();
}

/** A copier whose copies take for ever, but end at a checkpoint when they are told to pause. */
function copiesForEver(): void {
  rig.copier = {
    ...copier,
    copy: async (job) => {
      const { pause, signal } = job;
      await new Promise((resolve) => {
        AbortSignal.any([...(pause ? [pause] : []), signal]).addEventListener('abort', resolve);
      });
      return copier.copy(job);
    },
  };
}

const inTransfer = ({ step }: Migration): boolean => step === 'transfer';

describe('a worker that stops', () => {
  test('gives a lease up that it is granted only then', async () => {
    await rig.create();
    const { store } = rig;
    const acquireLease = store.acquireLease.bind(store);
    let grant: () => void = () => undefined;
    const granted = new Promise<void>((resolve) => (grant = resolve));
    const asked = new Promise<void>((resolve) => {
      store.acquireLease = async (...given) => {
        resolve();
        await granted;
        return acquireLease(...given);
      };
    });
    const worker = await start('w1');
    await asked;
    const stopped = worker.stop();
    grant();
    await stopped;
    expect(await rig.migration()).toMatchObject({
      status: 'queued',
      workerId: null,
      startedAt: expect.any(String),
    });
    expect(await rig.store.listSteps(rig.id)).toEqual([]);
    expect(rig.source.power).toBe('on');
  });

  test.for([
    ['at the end of its patience', 0.05],
    ['at once when it is asked again', 600],
  ] as const)('in the middle of an undo gives it up %s', async ([_when, stopSeconds]) => {
    await rig.create();
    rig.destination.refuse.add('server');
    let undoing: () => void = () => undefined;
    const undone = new Promise<void>((resolve) => (undoing = resolve));
    rig.source.onPowerOn = (signal) => {
      undoing();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const worker = await start('w1', { stopSeconds });
    await undone;
    const stopped = worker.stop();
    if (stopSeconds === 600) void worker.stop();
    await stopped;
    expect(await rig.migration()).toMatchObject({ status: 'queued', phase: 'undo', workerId: null });
    rig.source.onPowerOn = () => Promise.resolve();
    expect((await rig.run({ worker: 'w2' })).status).toBe('failed');
    expect(rig.source.power).toBe('on');
    expect(rig.destination.kinds()).toEqual([]);
  });
});

test('a worker tells its local space at each heartbeat, and its bandwidth', async () => {
  let free = 100;
  const freeSpace = () => (free > 0 ? Promise.resolve(free) : Promise.reject(new Error('the disk is gone')));
  const worker = rig.worker('w1', { freeSpace, bytesPerSecond: 5000 });
  workers.push(worker);
  await worker.start();
  const told = async () => (await rig.store.listServices(30))[0];
  expect(await told()).toMatchObject({ scratchBytes: 100, bytesPerSecond: 5000 });
  free = 40;
  await vi.waitFor(async () => expect(await told()).toMatchObject({ scratchBytes: 40 }), 5000);
  free = 0;
  await vi.waitFor(async () => expect(await told()).toMatchObject({ alive: true, scratchBytes: null }), 5000);
});

test('a worker passes on what limits its copies, each time it is another, and begins with what it was', async () => {
  const limits: (number | null)[] = [];
  const limitCopies = (bytes: number | null): void => void limits.push(bytes);
  const worker = rig.worker('w1', { limitCopies });
  workers.push(worker);
  await worker.start();
  for (const limit of [1e6, 2e6, null, 3e6]) {
    await rig.store.setServiceLimit('w1', limit);
    await vi.waitFor(() => expect(limits.at(-1)).toBe(limit), 5000);
  }
  expect(limits).toEqual([1e6, 2e6, null, 3e6]);
  await worker.stop();
  const next = rig.worker('w2', { limitCopies });
  workers.push(next);
  await next.start();
  expect(limits).toEqual([1e6, 2e6, null, 3e6, 3e6]);
});

test('a worker that is drained hands over what it runs, and goes on for what may come', async () => {
  await rig.create({}, { bootFrom: 'volume' });
  copiesForEver();
  await start('w1');
  await until(inTransfer);
  const change = { disabled: true, draining: true, reason: 'maintenance' };
  await rig.store.setServiceDisabled('w1', change);
  const handed = await until(({ status }) => status === 'queued');
  expect(handed).toMatchObject({ workerId: null, reason: expect.stringMatching(/handed over/) });
  rig.copier = copier;
  await start('w2', { host: 'h2' });
  await until(({ status }) => status === 'completed');
  const services = await rig.store.listServices(30);
  expect(services.map(({ id, alive, draining }) => [id, alive, draining])).toEqual([
    ['w1', true, true],
    ['w2', true, false],
  ]);
});
