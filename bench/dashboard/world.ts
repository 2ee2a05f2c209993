import { randomUUID } from 'node:crypto';
import {
  type DiskProgress,
  type Lease,
  type NewEvent,
  PROJECT_LOCAL,
  type QueuedWork,
  type Store,
} from '@guts/core';
import { openStore } from '@guts/store';
import { madeEvent, newMigration } from '../new-migration.ts';
import { randomInstances } from '../random-instances.ts';

const WORKER = 'worker-bench';
const GIB = 2 ** 30;
const PART = 1000;
/** Longer than any run. */
const LEASE_SECONDS = 24 * 3600;
const STEPS = ['preflight', 'reserve', 'transfer', 'verify-data', 'provision'] as const;

/** A migration that a worker of ours says it runs. */
interface Running {
  readonly id: string;
  readonly name: string;
  readonly lease: Lease;
  disks: readonly DiskProgress[];
  step: number;
}

export interface World {
  readonly sourceId: string;
  /**
   * One thing happens, as a worker would write it: every third time a migration is at another step, else its disks
   * have moved on and it says something.
   */
  happen(): Promise<void>;
  /** Name of the migration that ends next. */
  readonly next: string;
  complete(): Promise<void>;
  close(): Promise<void>;
}

/** Fills an empty database: one source with so many instances, so many migrations that run. */
export async function makeWorld(
  databaseUrl: string,
  { instances, migrations }: { readonly instances: number; readonly migrations: number },
): Promise<World> {
  const store = await openStore({ url: databaseUrl });
  const sourceId = await makeEndpoint(store, 'source', 'vcenter-bench');
  const destinationId = await makeEndpoint(store, 'destination', 'cloud-bench');
  await fillInventory(store, sourceId, instances);
  await beat(store, migrations);
  const running = await startMigrations(store, { sourceId, destinationId, count: migrations });
  let turn = 0;
  return {
    sourceId,
    async happen() {
      const one = running[turn % running.length];
      turn += 1;
      if (!one) throw new RangeError('no migration runs');
      if (turn % 3 === 0) await nextStep(store, one);
      else await moveOn(store, one);
      if (turn % 600 === 0) await beat(store, migrations);
    },
    get next() {
      return running[0]?.name ?? '';
    },
    async complete() {
      const one = running.shift();
      if (!one) throw new RangeError('no migration runs');
      const end = { status: 'completed', phase: null, reason: null, error: null } as const;
      const event = statusEvent(one.id, { status: 'completed', phase: null, step: null });
      await store.finishLease(one.lease, end, event);
    },
    close: () => store.close(),
  };
}

async function makeEndpoint(store: Store, side: 'source' | 'destination', name: string): Promise<string> {
  const id = randomUUID();
  const driver = side === 'source' ? 'vsphere' : 'openstack';
  await store.createEndpoint(
    { id, projectId: PROJECT_LOCAL, side, name, driver, settings: {}, sealedSecret: 'sealed' },
    madeEvent(side, id, PROJECT_LOCAL),
  );
  return id;
}

async function fillInventory(store: Store, sourceId: string, count: number): Promise<void> {
  const id = randomUUID();
  const event = madeEvent('operation', id, PROJECT_LOCAL);
  await store.createOperation(
    { id, projectId: PROJECT_LOCAL, kind: 'source.refresh', subjectId: sourceId, input: {} },
    event,
  );
  const operation = await store.claimOperation(WORKER, LEASE_SECONDS);
  if (operation?.id !== id) throw new Error('the refresh was not to be had');
  const under = { operationId: id, epoch: operation.epoch };
  const all = randomInstances(count, 1).map((data) => ({ kind: 'instance' as const, data }));
  for (let at = 0; at < all.length; at += PART)
    await store.putInventory(sourceId, under, all.slice(at, at + PART));
  await store.finishInventory(sourceId, under);
  await store.finishOperation(id, operation.epoch, { status: 'done', result: {} }, event);
}

async function beat(store: Store, slots: number): Promise<void> {
  await store.heartbeat({
    id: WORKER,
    binary: 'guts-migration',
    host: 'bench',
    version: '0',
    slots,
    scratchBytes: null,
    bytesPerSecond: null,
    drivers: [],
  });
}

async function startMigrations(
  store: Store,
  { sourceId, destinationId, count }: { sourceId: string; destinationId: string; count: number },
): Promise<Running[]> {
  for (let n = 0; n < count; n += 1) {
    const id = randomUUID();
    const name = `machine ${n}`;
    const demand = { host: 'host-1', datastores: ['ds-1'], streams: 2, bytes: 80 * GIB, scratchBytes: 0 };
    await store.createMigration(
      newMigration({
        id,
        projectId: PROJECT_LOCAL,
        name,
        sourceId,
        destinationId,
        instanceRef: `vm-${n}`,
        instanceName: name,
        demand,
      }),
      madeEvent('migration', id, PROJECT_LOCAL),
    );
  }
  const decided = ({ id }: QueuedWork) => ({
    id,
    workerId: WORKER,
    reason: 'by the bench',
    trace: { filters: [], weights: [], limit: null },
  });
  const round = { aliveSeconds: 3600, reservationSeconds: LEASE_SECONDS, limit: count };
  const { reserved } = await store.scheduleRound(round, ({ waiting }) => waiting.map(decided));
  const running: Running[] = [];
  for (const { id, name } of reserved) {
    const got = await store.acquireLease(id, WORKER, LEASE_SECONDS);
    if (!got) throw new Error(`${id} was not to be had`);
    const one: Running = { id, name, lease: got.lease, disks: disksOf(id), step: 1 };
    await store.putDisks(one.lease, one.disks);
    await nextStep(store, one);
    running.push(one);
  }
  return running;
}

function disksOf(migrationId: string): readonly DiskProgress[] {
  return [2000, 2001].map((key) => ({
    migrationId,
    diskKey: String(key),
    objectId: `${migrationId}-${key}`,
    label: `Hard disk ${key - 1999}`,
    capacityBytes: 40 * GIB,
    bytesDone: 0,
    bytesTotal: 40 * GIB,
    bytesRead: 0,
    bytesWritten: 0,
    bytesPerSecond: null,
    etaSeconds: null,
    state: 'copying',
  }));
}

function statusEvent(id: string, data: Readonly<Record<string, unknown>>): NewEvent {
  return { ...madeEvent('migration', id, PROJECT_LOCAL), type: 'migration.status', message: 'moved', data };
}

async function nextStep(store: Store, one: Running): Promise<void> {
  one.step = (one.step + 1) % STEPS.length;
  const step = STEPS[one.step] ?? 'transfer';
  const data = { status: 'running', phase: 'copy', step };
  await store.setPosition(one.lease, 'running', 'copy', step, statusEvent(one.id, data));
}

async function moveOn(store: Store, one: Running): Promise<void> {
  one.disks = one.disks.map((disk) => {
    const bytesDone = (disk.bytesDone + GIB) % disk.bytesTotal;
    const bytesPerSecond = 100_000_000 + (bytesDone % 7) * 1_000_000;
    return {
      ...disk,
      bytesDone,
      bytesRead: bytesDone,
      bytesWritten: bytesDone,
      bytesPerSecond,
      etaSeconds: Math.ceil((disk.bytesTotal - bytesDone) / bytesPerSecond),
    };
  });
  await store.putDisks(one.lease, one.disks);
  const said = { ...madeEvent('migration', one.id, PROJECT_LOCAL), type: 'copy.note', message: 'moves on' };
  await store.addEvent(one.lease, said);
}
