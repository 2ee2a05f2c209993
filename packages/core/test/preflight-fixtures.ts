import type { Instance, InstanceDisk, InstanceNic, InstanceTraits } from '../src/inventory.ts';
import { DEFAULT_POLICIES, type MigrationSpec } from '../src/migration.ts';
import type { DestinationFacts, DestinationNetwork, Flavor } from '../src/ports/destination-driver.ts';
import type { PreflightQuestion } from '../src/preflight/case.ts';

export const GIB = 2 ** 30;
export const disk: InstanceDisk = {
  key: '2000',
  objectId: '1-2000',
  label: 'Hard disk 1',
  capacityBytes: 10 * GIB,
  bus: 'scsi',
  controller: 'pvscsi',
  datastoreRef: 'datastore-1',
  datastoreName: 'DS1',
  path: '[DS1] web/web.vmdk',
  thin: true,
  obstacles: [],
  delta: false,
  independent: false,
  sharedBus: false,
};
export const nic: InstanceNic = {
  key: '4000',
  label: 'Network adapter 1',
  mac: '00:50:56:aa:00:01',
  model: 'vmxnet3',
  networkRef: 'network-7',
  networkName: 'VM Network',
  connected: true,
  addresses: [{ address: '10.0.0.9', prefix: 24, origin: 'dhcp' }],
};
export const traits: InstanceTraits = {
  devices: [],
  faultTolerance: false,
  consolidationNeeded: false,
  cpuHotPlug: false,
  memoryHotPlug: false,
  cpuAffinity: false,
  nestedVirtualization: false,
  diskSerials: false,
  toolsInstalled: true,
  usedBytes: 4 * GIB,
};
/** One of which nothing is to be said but what it sends. */
export const instance: Instance = {
  ref: 'vm-1',
  name: 'web 01',
  path: 'DC/vm/web 01',
  uuid: 'u',
  powerState: 'on',
  connected: true,
  template: false,
  cpus: 2,
  coresPerSocket: 1,
  memoryMiB: 2048,
  firmware: 'bios',
  secureBoot: false,
  tpm: false,
  encrypted: false,
  guestId: 'debian12_64Guest',
  guestName: 'Debian 12',
  osType: 'linux',
  toolsRunning: true,
  changeTracking: { supported: true, enabled: false },
  snapshotCount: 0,
  hostRef: 'host-1',
  hostName: 'esx1',
  bootDiskKey: '2000',
  disks: [disk],
  nics: [nic],
  traits,
};
export const flavor = (name: string, vcpus: number, ramMiB: number, diskGiB: number): Flavor => ({
  id: `id-${name}`,
  name,
  vcpus,
  ramMiB,
  diskGiB,
  ephemeralGiB: 0,
  extraSpecs: {},
});
export const network = (name: string, more: Partial<DestinationNetwork> = {}): DestinationNetwork => ({
  id: `id-${name}`,
  name,
  shared: false,
  external: false,
  own: true,
  subnets: [{ id: `sub-${name}`, name: `${name}-v4`, cidr: '10.0.0.0/24', ipVersion: 4 }],
  ...more,
});
export const facts: DestinationFacts = {
  project: { id: 'p1', name: 'demo' },
  admin: false,
  flavors: [flavor('small', 2, 2048, 20), flavor('tiny', 1, 512, 1)],
  networks: [
    network('prod'),
    network('bare', { subnets: [] }),
    network('shared', { shared: true, own: false }),
    network('outside', { external: true, own: false }),
  ],
  volumeTypes: ['fast'],
  securityGroups: [{ id: 'sg-1', name: 'default' }],
  availabilityZones: { compute: ['az1'], volume: ['az1'] },
  quota: {
    instances: 5,
    cores: 10,
    ramMiB: 20_480,
    volumes: 5,
    gigabytes: 100,
    ports: 10,
    images: null,
    imageMiB: null,
    imageUploads: null,
  },
  volumeTransports: ['device', 'image'],
};
export const spec: MigrationSpec = {
  transport: 'auto',
  bootFrom: 'image',
  keepMac: true,
  keepIp: false,
  mapping: { networks: { '*': { network: 'prod' } }, datastores: {}, nics: {}, disks: {} },
  flavor: null,
  targetName: null,
  availabilityZone: null,
  securityGroups: [],
  properties: {},
  policies: DEFAULT_POLICIES,
};

export interface Change {
  readonly instance?: Partial<Instance>;
  readonly traits?: Partial<InstanceTraits>;
  readonly disk?: Partial<InstanceDisk>;
  readonly nic?: Partial<InstanceNic>;
  readonly spec?: Partial<MigrationSpec>;
  readonly mapping?: Partial<MigrationSpec['mapping']>;
  readonly policies?: Partial<MigrationSpec['policies']>;
  readonly facts?: Partial<DestinationFacts>;
  readonly quota?: Partial<DestinationFacts['quota']>;
  readonly question?: Partial<PreflightQuestion>;
}

/** The base with one thing changed. */
export function question(change: Change = {}): PreflightQuestion {
  return {
    instance: {
      ...instance,
      disks: [{ ...disk, ...change.disk }],
      nics: [{ ...nic, ...change.nic }],
      traits: { ...traits, ...change.traits },
      ...change.instance,
    },
    spec: {
      ...spec,
      mapping: { ...spec.mapping, ...change.mapping },
      policies: { ...spec.policies, ...change.policies },
      ...change.spec,
    },
    mode: 'cold',
    targetProject: null,
    facts: { ...facts, quota: { ...facts.quota, ...change.quota }, ...change.facts },
    held: [],
    bytesPerSecond: null,
    ...change.question,
  };
}
