import { EventEmitter } from 'node:events';
import {
  DEFAULT_POLICIES,
  GutsError,
  type NewEvent,
  PROJECT_LOCAL,
  type Store,
  UNKNOWN_DEMAND,
} from '@guts/core';
import { openStore } from '@guts/store';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SCOPE } from './asker.ts';
import { cancelSurely, undoOnInterrupt } from './interrupt.ts';

const event = (resource: NewEvent['resource'], resourceId: string): NewEvent => {
  const rest = { type: 'test', severity: 'information', message: '', data: {} } as const;
  return { projectId: PROJECT_LOCAL, resource, resourceId, ...rest };
};

let store: Store;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  for (const side of ['source', 'destination'] as const) {
    const made = { id: side, projectId: PROJECT_LOCAL, side, name: side, driver: 'd', settings: {} };
    await store.createEndpoint({ ...made, sealedSecret: '' }, event(side, side));
  }
  const mapping = { networks: {}, datastores: {}, nics: {}, disks: {} };
  await store.createMigration(
    {
      id: 'm',
      projectId: PROJECT_LOCAL,
      userId: null,
      planId: null,
      name: 'web',
      sourceId: 'source',
      destinationId: 'destination',
      instanceRef: 'vm-1',
      instanceName: 'web',
      targetProject: null,
      mode: 'cold',
      purpose: 'production',
      priority: 0,
      spec: {
        transport: 'auto',
        bootFrom: 'image',
        keepMac: true,
        keepIp: false,
        mapping,
        flavor: null,
        targetName: null,
        availabilityZone: null,
        securityGroups: [],
        properties: {},
        policies: DEFAULT_POLICIES,
      },
      demand: UNKNOWN_DEMAND,
    },
    event('migration', 'm'),
  );
});
afterEach(() => store.close());

/** The store, where a worker moves the migration on just after it was read for the first time. */
function movingOn(work: () => Promise<unknown>): Store {
  let reads = 0;
  return new Proxy(store, {
    get(object, name): unknown {
      const value: unknown = Reflect.get(object, name);
      if (name === 'getMigration')
        return async (...args: Parameters<Store['getMigration']>) => {
          const found = await store.getMigration(...args);
          if (reads++ === 0) await work();
          return found;
        };
      return typeof value === 'function' ? (value.bind(object) as unknown) : value;
    },
  });
}

async function reserveAndLease(): Promise<void> {
  const worker = { id: 'w', binary: 'guts-migration', host: 'h', version: '0', slots: 4 } as const;
  await store.heartbeat({ ...worker, scratchBytes: null, bytesPerSecond: null, drivers: [] });
  const trace = { filters: [], weights: [], limit: null };
  const options = { aliveSeconds: 60, reservationSeconds: 60, limit: 10 };
  await store.scheduleRound(options, () => [{ id: 'm', workerId: 'w', reason: '', trace }]);
  if (!(await store.acquireLease('m', 'w', 60))) throw new Error('no lease');
}

const partsOf = (given: Store) => ({ store: given, newId: () => 'audit', nudge: () => undefined });
const now = async () => store.getMigration('m', SCOPE);

describe('an interrupt', () => {
  test('is not lost when the migration begins to run at the same moment', async () => {
    await cancelSurely(partsOf(movingOn(reserveAndLease)), 'm');
    expect(await now()).toMatchObject({ status: 'running', cancelRequested: true });
  });
  test('has nothing left to do when the migration has ended meanwhile', async () => {
    const end = () => store.moveMigration('m', ['queued'], { status: 'cancelled' }, event('migration', 'm'));
    await cancelSurely(partsOf(movingOn(end)), 'm');
    expect(await now()).toMatchObject({ status: 'cancelled' });
  });
  test('tells that it could not be asked for, and asks again', async () => {
    let asked = 0;
    const failing = new Proxy(store, {
      get(object, name): unknown {
        const value: unknown = Reflect.get(object, name);
        if (name === 'getMigration' && asked++ === 0)
          return () => Promise.reject(new GutsError('database_unavailable', 'the disk is full'));
        return typeof value === 'function' ? (value.bind(object) as unknown) : value;
      },
    });
    const said: string[] = [];
    const stderr = { write: (text: string) => said.push(text) };
    const exit = vi.fn<(code: number) => void>();
    const process = Object.assign(new EventEmitter(), { exit, stderr });
    const release = undoOnInterrupt(partsOf(failing), ['m'], process, 'Putting everything back.');
    process.emit('SIGINT');
    await vi.waitFor(async () => expect(await now()).toMatchObject({ status: 'cancelled' }), 5000);
    expect(said).toEqual([
      'Putting everything back.\n',
      'guts: migration m is not cancelled yet: the disk is full\n',
    ]);
    process.emit('SIGTERM');
    expect(exit).toHaveBeenCalledWith(130);
    release();
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});
