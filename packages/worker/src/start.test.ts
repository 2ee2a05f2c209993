import { type Bus, GutsError, SILENT_LOG, type Store } from '@guts/core';
import { expect, test } from 'vitest';
import { Connections } from './connections.ts';
import { Worker } from './worker.ts';

/** A worker on a database that fails so many first calls. */
function rig(failures: number, code: 'database_unavailable' | 'internal') {
  let left = failures;
  let seen: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const answer = <T>(value: T): Promise<T> => {
    left -= 1;
    return left >= 0 ? Promise.reject(new GutsError(code, 'the database is away')) : Promise.resolve(value);
  };
  const store = {
    heartbeat: () => answer({ disabled: true, draining: false }),
    listReserved: async () => {
      const none = await answer([]);
      seen();
      return none;
    },
    claimOperation: () => answer(null),
    endService: () => Promise.reject(new GutsError('database_unavailable', 'the database is away')),
  } as unknown as Store;
  const worker = new Worker({
    id: 'w',
    host: 'h',
    version: '0',
    slots: 1,
    leaseSeconds: 30,
    pollMilliseconds: 1,
    heartbeatMilliseconds: 1,
    freeSpace: () => Promise.resolve(0),
    bytesPerSecond: null,
    stopSeconds: 1,
    checkpointBytes: 1024,
    retryPauses: [],
    store,
    bus: { subscribe: () => Promise.resolve(() => Promise.resolve()) } as unknown as Bus,
    connections: new Connections({
      sources: [],
      destinations: [],
      store,
      secrets: { seal: () => '{}', open: () => ({}) },
    }),
    copier: { copy: () => Promise.reject(new Error('nothing to copy')) } as never,
    clock: {
      now: () => 0,
      monotonic: () => performance.now(),
      sleep: (_milliseconds, signal) =>
        new Promise((resolve, reject) => {
          setImmediate(() => (signal?.aborted ? reject(new Error('aborted')) : resolve()));
        }),
    },
    log: SILENT_LOG,
    newId: () => 'id',
  });
  return { worker, looked };
}

test('a worker that starts while the database is away looks for work when it comes back', async () => {
  const { worker, looked } = rig(5, 'database_unavailable');
  await worker.start();
  await expect(looked).resolves.toBeUndefined();
  await worker.stop();
});

test('anything else that is wrong with the database ends the start', async () => {
  const { worker } = rig(1, 'internal');
  await expect(worker.start()).rejects.toMatchObject({ code: 'internal' });
});
