import {
  DEFAULT_POLICIES,
  type DiskProgress,
  type Instance,
  type InventoryObject,
  type NewEvent,
  type Store,
} from '@guts/core';
import { specFromWire } from '../../src/index.ts';
import { destinationFacts } from '../destination-facts.ts';
import { endedPass, INSTANCE, leased, workerBeat } from '../rig.ts';

/** Sources, destinations and what they have, for one project. Ids are the project's name and a word. */
export interface Seeded {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly mappings: readonly string[];
  readonly migrations: readonly string[];
  readonly operations: readonly string[];
  readonly instances: readonly string[];
  readonly names: readonly string[];
}

const INSTANCES = 120;
/** Names that people give to machines. */
const ODD_NAMES = [
  'web %_!',
  'Ünï😀',
  'a%2fb',
  '"quoted"',
  "o'neill",
  'twin',
  'twin',
  ' blank ',
  '__proto__',
];
const DRIVERS = (['source', 'destination'] as const).flatMap((side) => [
  { name: 'any', side, title: 'Any', settings: { type: 'object' }, secret: { type: 'object' } },
  {
    name: 'strict',
    side,
    title: 'Strict',
    settings: {
      type: 'object',
      required: ['url'],
      properties: { url: { type: 'string', minLength: 1 }, port: { type: 'integer' } },
      additionalProperties: false,
    },
    secret: { properties: { password: { type: 'string' } }, additionalProperties: false },
  },
]);

/** A worker that is told as dead. */
export const DEAD = 'worker-dead';

/** Workers are there again, with their drivers. */
export async function beat(store: Store): Promise<void> {
  await store.heartbeat(workerBeat({ id: 'worker-1', drivers: DRIVERS, slots: 8 }));
  await store.heartbeat(workerBeat({ id: 'worker-2', slots: 2, scratchBytes: 2 ** 40, bytesPerSecond: 1e8 }));
  await store.heartbeat(workerBeat({ id: DEAD }));
}

function eventOf(projectId: string, resource: NewEvent['resource'], resourceId: string): NewEvent {
  const what = { type: 'test', severity: 'information', message: 'seeded', data: {} } as const;
  return { projectId, resource, resourceId, ...what };
}

function inventory(): InventoryObject[] {
  const instances = Array.from({ length: INSTANCES }, (_, n): Instance => {
    const name = ODD_NAMES[n] ?? `machine-${n}`;
    return {
      ...INSTANCE,
      ref: `vm-${n}`,
      name,
      path: `DC/vm/folder-${n % 5}/${name.replaceAll('/', '%2f')}`,
      powerState: n % 3 === 0 ? 'off' : 'on',
      osType: n % 4 === 0 ? 'windows' : 'linux',
      hostRef: `host-${n % 7}`,
      hostName: `esx${n % 7}.test`,
      firmware: n % 2 === 0 ? 'uefi' : 'bios',
      encrypted: n % 17 === 0,
      snapshotCount: n % 6,
      disks: INSTANCE.disks.map((disk) => ({ ...disk, capacityBytes: 2 ** 30 + n })),
      nics: INSTANCE.nics.map((nic) => ({ ...nic, networkRef: 'net-1', networkName: 'VM Network' })),
    };
  });
  return [
    ...instances.map((data) => ({ kind: 'instance' as const, data })),
    { kind: 'network', data: { ref: 'net-1', name: 'VM Network', kind: 'standard' } },
    {
      kind: 'datastore',
      data: { ref: 'ds-1', name: 'DS1', kind: 'VMFS', capacityBytes: 2 ** 45, freeBytes: null },
    },
    { kind: 'host', data: { ref: 'host-1', name: 'esx1.test', address: null, connected: true } },
  ];
}

async function refreshed(store: Store, projectId: string, sourceId: string, id: string): Promise<void> {
  const operation = { id, projectId, kind: 'source.refresh' as const, subjectId: sourceId, input: {} };
  await store.createOperation(operation, eventOf(projectId, 'operation', id));
  const claimed = await store.claimOperation('worker-1', 60);
  if (!claimed) throw new Error('nothing to refresh');
  const under = { operationId: claimed.id, epoch: claimed.epoch };
  await store.putInventory(sourceId, under, inventory());
  await store.finishInventory(sourceId, under);
  const result = { status: 'done' as const, result: { instances: INSTANCES } };
  await store.finishOperation(claimed.id, claimed.epoch, result, eventOf(projectId, 'operation', id));
}

const FACTS = destinationFacts({
  flavors: [
    {
      id: 'f1',
      name: 'm1.small',
      vcpus: 2,
      ramMiB: 512,
      diskGiB: 0,
      ephemeralGiB: 0,
      extraSpecs: {},
    },
  ],
  networks: [
    {
      id: 'n1',
      name: 'private',
      shared: false,
      external: false,
      own: true,
      subnets: [{ id: 's1', name: 'sub', cidr: '10.0.0.0/24', ipVersion: 4 }],
    },
  ],
  volumeTypes: ['fast', 'slow'],
  securityGroups: [{ id: 'g1', name: 'default' }],
  availabilityZones: { compute: ['nova'], volume: ['nova'] },
  quota: { instances: 10, cores: 20, gigabytes: 5000 },
});

/** What a worker has written of a migration that it runs. */
async function journal(store: Store, projectId: string, id: string): Promise<void> {
  const lease = await leased(store, id, 'worker-3');
  const event = eventOf(projectId, 'migration', id);
  await store.beginStep(lease, 'preflight', event);
  await store.finishStep(lease, 'preflight', 1, { status: 'done', note: 'fits' }, event);
  await store.setPosition(lease, 'running', 'copy', 'reserve', event);
  await store.beginStep(lease, 'reserve', event);
  const error = {
    code: 'destination_quota' as const,
    message: 'no room',
    details: { asked: 1 },
    causes: ['413'],
  };
  await store.finishStep(lease, 'reserve', 1, { status: 'failed', error }, event);
  await store.intendArtifact(lease, {
    id: `${id}-port`,
    kind: 'port',
    side: 'destination',
    role: 'port:4000',
    name: 'port',
    data: {},
  });
  await store.recordArtifact(lease, `${id}-port`, { status: 'created', externalId: 'p' });
  const disk: DiskProgress = {
    migrationId: id,
    diskKey: '2000',
    objectId: '1-2000',
    label: 'Hard disk 1',
    capacityBytes: 62 * 2 ** 40,
    bytesDone: 1,
    bytesTotal: 2,
    bytesRead: 1,
    bytesWritten: 1,
    bytesPerSecond: 0.5,
    etaSeconds: 2.5,
    state: 'copying',
  };
  await endedPass(store, lease, disk.label);
  await store.putConsole(lease, { text: '\u001b[2J\u009b0mweb login: \ufffd', truncated: true });
  await store.putDisks(lease, [disk]);
}

/** Makes one of everything, and more of what calls use up. */
export async function seed(store: Store, projectId: string, prefix: string): Promise<Seeded> {
  const one = (kind: string): string => `${prefix}-${kind}`;
  const event = (resource: NewEvent['resource'], id: string) => eventOf(projectId, resource, id);
  const end = { projectId, driver: 'any', settings: { url: 'https://vc.test' }, sealedSecret: 'e30=' };
  const [source, destination] = [one('source'), one('destination')];
  await store.createEndpoint(
    { ...end, id: source, side: 'source', name: one('vc') },
    event('source', source),
  );
  await store.createEndpoint(
    { ...end, id: destination, side: 'destination', name: one('cloud') },
    event('destination', destination),
  );
  await store.putFacts(destination, FACTS);
  await refreshed(store, projectId, source, one('refresh'));
  const mapping = one('mapping');
  await store.createMapping(
    {
      id: mapping,
      projectId,
      name: one('map'),
      description: 'of the lab',
      mapping: { networks: { 'VM Network': { network: 'private' } }, datastores: {}, nics: {}, disks: {} },
    },
    event('mapping', mapping),
  );
  const migrations: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    const id = one(`migration-${n}`);
    const ref = `vm-${n + 20}`;
    const spec = specFromWire({ source, destination, instance: ref });
    await store.createMigration(
      {
        id,
        projectId,
        userId: null,
        planId: null,
        name: id,
        sourceId: source,
        destinationId: destination,
        instanceRef: ref,
        instanceName: `machine-${n + 20}`,
        targetProject: null,
        mode: 'cold',
        purpose: 'production',
        priority: n,
        spec: { ...spec, policies: DEFAULT_POLICIES },
        demand: { host: 'host-1', datastores: ['ds-1'], streams: 1, bytes: 1, scratchBytes: 0 },
      },
      event('migration', id),
    );
    migrations.push(id);
  }
  for (const id of migrations.slice(0, 2)) await journal(store, projectId, id);
  return {
    sources: [source],
    destinations: [destination],
    mappings: [mapping],
    migrations,
    operations: [one('refresh')],
    instances: Array.from({ length: INSTANCES }, (_, n) => `vm-${n}`),
    names: [one('vc'), one('cloud'), one('map'), 'twin', 'machine-30'],
  };
}
