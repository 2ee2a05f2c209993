import { randomUUID } from 'node:crypto';
import type { Bus } from '@guts/core';
import { SILENT_LOG } from '@guts/core';
import { copyDisk, CopyMemory, CopyRate, type DiskWriter, rangeReader } from '@guts/disk';
import { openStore } from '@guts/store';
import { Connections, Worker } from '@guts/worker';
import { expect, onTestFinished, test } from 'vitest';
import { diskCopier } from './copier.ts';

const MIB = 2 ** 20;

/** Time that passes when told; whoever sleeps until then is woken. */
class Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now;
  readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const aborted = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const sleeper = { until: this.#now + milliseconds, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  /** In steps, after each of which everything that can go on does. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + 50);
      for (const sleeper of this.#sleepers)
        if (sleeper.until <= this.#now) {
          this.#sleepers.delete(sleeper);
          sleeper.wake();
        }
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Takes everything and keeps nothing. */
const sink = (size: number): DiskWriter => ({
  size,
  capabilities: { randomAccess: true, readsAsZero: true, needsMap: false },
  write: () => Promise.resolve(),
  zero: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

test('a copy that is under way is slowed by an operator, and sped up again, at a heartbeat', async () => {
  const clock = new Clock();
  const store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  const rate = new CopyRate(null, clock);
  const worker = new Worker({
    id: 'w1',
    host: 'h',
    version: '0',
    slots: 1,
    leaseSeconds: 60,
    retryPauses: [],
    pollMilliseconds: 60_000,
    heartbeatMilliseconds: 5000,
    stopSeconds: 1,
    checkpointBytes: MIB,
    freeSpace: () => Promise.resolve(0),
    bytesPerSecond: null,
    limitCopies: (limit) => rate.limit(limit),
    store,
    bus: { subscribe: () => Promise.resolve(() => Promise.resolve()) } as unknown as Bus,
    connections: new Connections({
      sources: [],
      destinations: [],
      store,
      secrets: { seal: () => '', open: () => ({}) },
    }),
    copier: diskCopier({ memory: new CopyMemory(16 * MIB), rate }),
    clock,
    log: SILENT_LOG,
    newId: randomUUID,
  });
  await store.heartbeat({
    id: 'w1',
    binary: 'guts-migration',
    host: 'h',
    version: '0',
    slots: 1,
    scratchBytes: null,
    bytesPerSecond: null,
    drivers: [],
  });
  await store.setServiceLimit('w1', MIB);
  await worker.start();
  const { signal } = new AbortController();
  onTestFinished(async () => {
    const stopped = worker.stop();
    await clock.pass(1000);
    await stopped;
    await store.close();
  });

  const size = 1024 * MIB;
  let done = 0;
  const copying = copyDisk({
    source: rangeReader({
      size,
      readRange: (_offset, buffer) => {
        buffer.fill(1);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
    target: sink(size),
    signal,
    chunkSize: MIB,
    budget: { memory: new CopyMemory(16 * MIB), rate },
    clock,
    onProgress: ({ bytesDone }) => {
      done = bytesDone;
    },
  }).catch((error: unknown) => error);
  const mibIn = async (seconds: number): Promise<number> => {
    const before = done;
    await clock.pass(seconds * 1000);
    return (done - before) / MIB;
  };

  await mibIn(2);
  expect(await mibIn(20)).toBeCloseTo(20, -1);
  await store.setServiceLimit('w1', 4 * MIB);
  await mibIn(6);
  const faster = await mibIn(20);
  expect(faster).toBeGreaterThan(72);
  expect(faster).toBeLessThan(88);
  await store.setServiceLimit('w1', MIB / 2);
  await mibIn(6);
  const slower = await mibIn(20);
  expect(slower).toBeGreaterThan(8);
  expect(slower).toBeLessThan(12);
  await store.setServiceLimit('w1', null);
  await mibIn(6);
  expect(done).toBe(size);
  await copying;
});
