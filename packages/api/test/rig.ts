import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import type { BusHealth, DiskPass, Instance, Lease, NewEvent, Secrets, Service, Store } from '@guts/core';
import { DEFAULT_LIMITS, GutsError, SILENT_LOG } from '@guts/core';
import { type ApiOptions, Policy, tokenAuthenticator } from '../src/index.ts';

export const TOKEN = 'correct horse battery staple';

export const CONNECTED: BusHealth = {
  kind: 'rabbitmq',
  connected: true,
  since: '2026-01-01T00:00:00.000Z',
  detail: null,
};

/** Secrets as the port has them, under a key of that name. */
export function sealedBy(name: string): Secrets {
  const key = createHash('sha256').update(name).digest();
  return {
    seal: (plain, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(JSON.stringify(plain)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(sealed, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28));
        const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
        return JSON.parse(text.toString()) as Record<string, unknown>;
      } catch (error) {
        throw new GutsError('configuration', `the secret of ${context} does not open`, { cause: error });
      }
    },
  };
}

/** Everything that an API needs, on a store. */
export function optionsFor(store: Store, more: Partial<ApiOptions> = {}): ApiOptions {
  return {
    store,
    bus: { health: () => CONNECTED, deadLetters: () => Promise.resolve(0) },
    nudge: () => undefined,
    secrets: sealedBy('key'),
    authenticate: tokenAuthenticator(TOKEN),
    policy: new Policy(),
    host: '127.0.0.1',
    hostName: 'h',
    port: 0,
    publicUrl: null,
    requestsPerMinute: 0,
    metricsOpen: false,
    challenge: null,
    limits: DEFAULT_LIMITS,
    dashboardFolder: '/nowhere',
    logins: { by: 'link', token: TOKEN },
    version: '0',
    log: SILENT_LOG,
    clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() },
    newId: randomUUID,
    ...more,
  };
}

/** The same store with some of its methods replaced. */
export function storeWith(store: Store, changed: Partial<Store>): Store {
  return new Proxy(store, {
    get(object, name): unknown {
      const value: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : object, name);
      return typeof value === 'function' ? (value.bind(object) as unknown) : value;
    },
  });
}

/** A worker's heartbeat. */
export function workerBeat(
  more: Partial<Parameters<Store['heartbeat']>[0]> = {},
): Parameters<Store['heartbeat']>[0] {
  const kind = { binary: 'guts-migration' as Service['binary'], host: 'h', version: '0', slots: 4 };
  return { id: 'w', ...kind, scratchBytes: null, bytesPerSecond: null, drivers: [], ...more };
}

export function eventFor(resource: NewEvent['resource'], resourceId: string): NewEvent {
  const what = { type: 'test', severity: 'information', message: '', data: {} } as const;
  return { projectId: 'local', resource, resourceId, ...what };
}

/** Reserves a migration for a worker, as a scheduler does. */
export async function reserve(store: Store, id: string, workerId: string): Promise<void> {
  const trace = { filters: [], weights: [], limit: null };
  const options = { aliveSeconds: 60, reservationSeconds: 60, limit: 100 };
  const { reserved } = await store.scheduleRound(options, (view) =>
    view.waiting.filter((one) => one.id === id).map(() => ({ id, workerId, reason: '', trace })),
  );
  if (reserved.length !== 1) throw new Error(`${id} was not reserved`);
}

/** A migration that waits, in the hands of a worker. */
export async function leased(store: Store, id: string, workerId: string): Promise<Lease> {
  await store.heartbeat(workerBeat({ id: workerId }));
  await reserve(store, id, workerId);
  const held = await store.acquireLease(id, workerId, 60);
  if (!held) throw new Error('no lease');
  return held.lease;
}

/** Of the manifests that {@link endedPass} makes. */
export const MANIFEST_KEY = '0f'.repeat(16);

/** What a worker has stored of a disk of ten chunks when its copy has ended: three checkpoints. */
export async function endedPass(
  store: Store,
  lease: Lease,
  label: string,
  more: Partial<DiskPass> = {},
): Promise<void> {
  const MIB = 2 ** 20;
  const of = { migrationId: lease.migrationId, diskKey: '2000' };
  const bytes = { bytesDone: 0, bytesTotal: 40 * MIB, bytesRead: 0, bytesWritten: 0 };
  await store.putDisks(lease, [
    {
      ...of,
      ...bytes,
      objectId: '1-2000',
      label,
      capacityBytes: 40 * MIB,
      bytesPerSecond: null,
      etaSeconds: null,
      state: 'verified',
    },
  ]);
  const scheme = { size: 40 * MIB, chunkSize: 4 * MIB, algorithm: 'aes-128-gmac', key: MANIFEST_KEY };
  const tag = Buffer.alloc(16, 7).toString('base64');
  await store.putPass(lease, {
    ...of,
    number: 1,
    kind: 'full',
    transport: 'datastore',
    capacityBytes: 40 * MIB,
    bytesRead: 0,
    bytesWritten: 0,
    changeId: null,
    trackingUuid: null,
    snapshotRef: null,
    manifest: { content: 'c', target: 'volume-1', chunks: scheme },
    verification: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:01:00.000Z',
    ...more,
  });
  for (const [firstChunk, chunks, digests] of [
    [0, 4, `0:${tag} 2:${tag}`],
    [4, 4, ''],
    [8, 2, `8:${Buffer.alloc(32, 9).toString('base64')}`],
  ] as const)
    await store.putCheckpoint(lease, {
      ...of,
      pass: 1,
      firstChunk,
      chunks,
      chunkSize: 4 * MIB,
      key: MANIFEST_KEY,
      digests,
      flushedBytes: (firstChunk + chunks) * 4 * MIB,
    });
}

/** An instance of an inventory, with one disk and one NIC. */
export const INSTANCE: Instance = {
  ref: '',
  name: '',
  path: '',
  uuid: null,
  powerState: 'on',
  connected: true,
  template: false,
  cpus: 2,
  coresPerSocket: 1,
  memoryMiB: 512,
  firmware: 'uefi',
  secureBoot: true,
  tpm: false,
  encrypted: false,
  guestId: 'debian12_64Guest',
  guestName: null,
  osType: 'linux',
  toolsRunning: true,
  changeTracking: { supported: true, enabled: false },
  snapshotCount: 0,
  hostRef: 'host-1',
  hostName: null,
  disks: [
    {
      key: '2000',
      objectId: '1-2000',
      label: 'Hard disk 1',
      capacityBytes: 2 ** 40,
      bus: 'scsi',
      controller: 'pvscsi',
      datastoreRef: 'ds-1',
      datastoreName: 'DS1',
      path: '[DS1] a/a.vmdk',
      thin: true,
      obstacles: [],
      delta: false,
    },
  ],
  bootDiskKey: null,
  nics: [
    {
      key: '4000',
      label: 'NIC 1',
      mac: '00:50:56:00:00:01',
      model: 'vmxnet3',
      networkRef: null,
      networkName: null,
      connected: true,
      addresses: [{ address: '10.0.0.1', prefix: 24 }],
    },
  ],
};

/** Puts instances into a source's inventory, as a refresh does. */
export async function putInstances(
  store: Store,
  sourceId: string,
  instances: readonly (Pick<Instance, 'ref' | 'name'> & Partial<Instance>)[],
): Promise<void> {
  const id = `refresh-${sourceId}`;
  const operation = {
    id,
    projectId: 'local',
    kind: 'source.refresh' as const,
    subjectId: `elsewhere-${sourceId}`,
    input: {},
  };
  await store.createOperation(operation, eventFor('operation', id));
  const claimed = await store.claimOperation('w', 60);
  await store.putInventory(
    sourceId,
    { operationId: id, epoch: claimed?.epoch ?? 0 },
    instances.map((given) => ({
      kind: 'instance',
      data: { ...INSTANCE, path: `DC/vm/${given.ref}/${given.name}`, ...given },
    })),
  );
}

/** A source and a destination as they are stored. */
export async function putEnds(store: Store): Promise<void> {
  const end = { projectId: 'local', driver: 'd', settings: {}, sealedSecret: '' };
  await store.createEndpoint({ ...end, id: 's1', side: 'source', name: 'vc' }, eventFor('source', 's1'));
  await store.createEndpoint(
    { ...end, id: 'd1', side: 'destination', name: 'cloud' },
    eventFor('destination', 'd1'),
  );
}
