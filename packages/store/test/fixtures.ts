import {
  DEFAULT_POLICIES,
  type Decision,
  type DiskProgress,
  type Migration,
  type MigrationSpec,
  type NewEvent,
  type NewMigration,
  type QueuedWork,
  type SchedulingView,
  type Store,
  UNKNOWN_DEMAND,
} from '@guts/core';

const SPEC: MigrationSpec = {
  transport: 'auto',
  bootFrom: 'image',
  keepMac: true,
  keepIp: false,
  mapping: { networks: {}, datastores: {}, nics: {}, disks: {} },
  flavor: null,
  targetName: null,
  availabilityZone: null,
  securityGroups: [],
  properties: {},
  policies: DEFAULT_POLICIES,
};
export const SCOPE = { projectId: 'p1' };
export const event = (resourceId: string, type = 'test'): NewEvent => ({
  projectId: 'p1',
  resource: 'migration',
  resourceId,
  type,
  severity: 'information',
  message: `${type} of ${resourceId}`,
  data: { n: 1 },
});
export const migration = (id: string, more: Partial<NewMigration> = {}): NewMigration => ({
  id,
  projectId: 'p1',
  userId: null,
  planId: null,
  name: id,
  sourceId: 's1',
  destinationId: 'd1',
  instanceRef: `vm-${id}`,
  instanceName: id,
  targetProject: null,
  mode: 'cold',
  purpose: 'production',
  priority: 0,
  spec: SPEC,
  demand: UNKNOWN_DEMAND,
  ...more,
});
/** How far a disk is. */
export const disk = (migrationId: string, more: Partial<DiskProgress> = {}): DiskProgress => ({
  migrationId,
  diskKey: '2000',
  objectId: '1-2000',
  label: 'Hard disk 1',
  capacityBytes: 62 * 2 ** 40,
  bytesDone: 0,
  bytesTotal: 62 * 2 ** 40,
  bytesRead: 0,
  bytesWritten: 0,
  bytesPerSecond: null,
  etaSeconds: null,
  state: 'copying',
  ...more,
});
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const ROUND = { aliveSeconds: 60, reservationSeconds: 60, limit: 1000 };
const NO_TRACE = { filters: [], weights: [], limit: null };

/** A decision of a test. */
export function decision(work: QueuedWork, workerId: string | null, reason = 'by a test'): Decision {
  return { id: work.id, workerId, reason, trace: NO_TRACE };
}

/** Reserves one migration for a worker; null when it does not wait. */
export async function reserve(store: Store, id: string, worker: string): Promise<Migration | null> {
  const { reserved } = await store.scheduleRound(ROUND, ({ waiting }) =>
    waiting.filter((work) => work.id === id).map((work) => decision(work, worker)),
  );
  return reserved[0] ?? null;
}

/** What a round would see, without deciding anything. */
export async function view(store: Store): Promise<SchedulingView> {
  let seen: SchedulingView = { now: 0, waiting: [], holding: [], workers: [] };
  await store.scheduleRound(ROUND, (now) => {
    seen = now;
    return [];
  });
  return seen;
}
