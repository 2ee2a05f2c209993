/**
 * Measures preflight: instances of many kinds against one destination, every rule asked. `npm run bench:preflight
 * [-- --instances N --seed N --check]`; with --check it ends with 1 when the number is missed.
 */
import { parseArgs } from 'node:util';
import {
  DEFAULT_POLICIES,
  type DestinationFacts,
  type Instance,
  type MigrationSpec,
  preflight,
  RULES,
  Tally,
} from '@guts/core';

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    check: { type: 'boolean', default: false },
  },
});
const count = Number(values.instances);
const LIMIT_SECONDS = 5;
const GIB = 2 ** 30;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const next = numbers(Number(values.seed));
const below = (most: number): number => Math.floor(next() * most);
const rarely = (share: number): boolean => next() < share;
function pick<T>(from: readonly T[]): T {
  const one = from[below(from.length)];
  if (one === undefined) throw new RangeError('there is nothing to pick');
  return one;
}
const several = <T>(most: number, make: (index: number) => T): T[] =>
  Array.from({ length: most }, (_, index) => make(index));

const NETWORKS = several(200, (index) => `VLAN ${index}`);
const DATASTORES = several(40, (index) => `DS ${index}`);
const SYSTEMS = [
  ['debian12_64Guest', 'linux'],
  ['rhel9_64Guest', 'linux'],
  ['windows2019srv_64Guest', 'windows'],
  ['windows11_64Guest', 'windows'],
  ['freebsd13_64Guest', 'other'],
] as const;

function instance(index: number): Instance {
  const [guestId, osType] = pick(SYSTEMS);
  const uefi = rarely(0.5);
  const disks = several(1 + below(rarely(0.05) ? 30 : 5), (at) => ({
    key: String(2000 + at),
    objectId: `${index}-${2000 + at}`,
    label: `Hard disk ${at + 1}`,
    capacityBytes: (1 + below(rarely(0.02) ? 4000 : 200)) * GIB + below(3),
    bus: pick(['scsi', 'scsi', 'scsi', 'sata', 'nvme'] as const),
    controller: pick(['pvscsi', 'lsilogic', 'lsisas', 'nvme']),
    datastoreRef: `datastore-${below(DATASTORES.length)}`,
    datastoreName: pick(DATASTORES),
    path: `[DS] m${index}/m${index}_${at}.vmdk`,
    thin: rarely(0.7),
    obstacles: rarely(0.01) ? ['it is a raw device mapping'] : [],
    delta: rarely(0.1),
    independent: rarely(0.02),
    sharedBus: rarely(0.01),
  }));
  const nics = several(below(4), (at) => ({
    key: String(4000 + at),
    label: `Network adapter ${at + 1}`,
    mac: several(6, () => below(256).toString(16).padStart(2, '0')).join(':'),
    model: pick(['vmxnet3', 'vmxnet3', 'e1000', 'e1000e', 'sriovethernetcard']),
    networkRef: null,
    networkName: rarely(0.02) ? 'elsewhere' : pick(NETWORKS),
    connected: rarely(0.97),
    addresses: rarely(0.8)
      ? several(1 + below(3), () => ({
          address: `10.${below(210)}.${below(256)}.${below(256)}`,
          prefix: 16,
          origin: pick(['static', 'dhcp'] as const),
        }))
      : [],
  }));
  return {
    ref: `vm-${index}`,
    name: `machine ${index}${rarely(0.01) ? ' 🚀' : ''}`,
    path: `DC/vm/folder ${below(50)}/machine ${index}`,
    uuid: `uuid-${index}`,
    powerState: pick(['on', 'on', 'on', 'off', 'suspended'] as const),
    connected: rarely(0.99),
    template: rarely(0.02),
    cpus: 1 + below(32),
    coresPerSocket: 1,
    memoryMiB: 512 * (1 + below(128)),
    firmware: uefi ? 'uefi' : 'bios',
    secureBoot: uefi && rarely(0.5),
    tpm: uefi && rarely(0.2),
    encrypted: rarely(0.01),
    guestId,
    guestName: null,
    osType,
    toolsRunning: rarely(0.8),
    changeTracking: { supported: rarely(0.95), enabled: rarely(0.3) },
    snapshotCount: below(3),
    hostRef: `host-${below(100)}`,
    hostName: null,
    disks,
    bootDiskKey: rarely(0.5) ? '2000' : null,
    nics,
    traits: {
      devices: rarely(0.2) ? [{ kind: 'cdrom', label: 'CD 1', backing: 'a.iso', connected: true }] : [],
      faultTolerance: rarely(0.01),
      consolidationNeeded: rarely(0.03),
      cpuHotPlug: rarely(0.3),
      memoryHotPlug: rarely(0.3),
      cpuAffinity: rarely(0.01),
      nestedVirtualization: rarely(0.02),
      diskSerials: rarely(0.3),
      toolsInstalled: rarely(0.9),
      usedBytes: below(200) * GIB,
    },
  };
}

const facts: DestinationFacts = {
  project: { id: 'p', name: 'prod' },
  admin: false,
  flavors: several(100, (index) => ({
    id: `f${index}`,
    name: `flavor ${index}`,
    vcpus: 1 + (index % 32),
    ramMiB: 512 * (1 + index * 2),
    diskGiB: (index % 4) * 100,
    ephemeralGiB: 0,
    extraSpecs: index % 10 === 0 ? { 'hw:cpu_policy': 'dedicated' } : {},
  })),
  networks: several(200, (index) => ({
    id: `n${index}`,
    name: `net ${index}`,
    shared: index % 5 === 0,
    external: index % 50 === 0,
    own: index % 5 !== 0,
    subnets: [
      { id: `s${index}`, name: `subnet ${index}`, cidr: `10.${index}.0.0/16`, ipVersion: 4 },
      { id: `t${index}`, name: `subnet6 ${index}`, cidr: `2001:db8:${index}::/64`, ipVersion: 6 },
    ],
  })),
  volumeTypes: ['fast', 'slow'],
  securityGroups: several(50, (index) => ({ id: `g${index}`, name: `group ${index}` })),
  availabilityZones: { compute: ['az1', 'az2'], volume: ['az1'] },
  quota: {
    instances: 500,
    cores: 4000,
    ramMiB: 2 ** 23,
    volumes: 2000,
    gigabytes: 200_000,
    ports: 3000,
    images: null,
    imageMiB: null,
    imageUploads: null,
  },
  volumeTransports: ['device', 'image'],
};
const spec: MigrationSpec = {
  transport: 'auto',
  bootFrom: 'volume',
  keepMac: true,
  keepIp: true,
  mapping: {
    networks: Object.fromEntries(NETWORKS.map((name, index) => [name, { network: `net ${index}` }])),
    datastores: Object.fromEntries(
      DATASTORES.map((name, index) => [name, index % 2 === 0 ? 'fast' : 'slow']),
    ),
    nics: {},
    disks: {},
  },
  flavor: null,
  targetName: null,
  availabilityZone: 'az1',
  securityGroups: ['group 1'],
  properties: {},
  policies: DEFAULT_POLICIES,
};

const all = several(count, instance);
const asked = { spec, mode: 'cold', targetProject: null, facts, held: [], bytesPerSecond: null } as const;
const tally = new Tally();
const cpu = process.cpuUsage();
const began = performance.now();
for (const one of all) tally.add(preflight({ ...asked, instance: one }));
const seconds = (performance.now() - began) / 1000;
const worked = process.cpuUsage(cpu);

const { results, severities } = tally;
print(
  `${count} instances against 200 networks and 100 flavors, ${RULES.length} rules (to be under ${LIMIT_SECONDS} s)`,
);
print(
  `  ${seconds.toFixed(2)} s, ${Math.round(count / seconds)} instances a second (${((worked.user + worked.system) / 1e6).toFixed(2)} s of processor time)`,
);
print(`  ${results.blocked} blocked, ${results.warned} warned, ${results.ready} ready`);
print(`  ${severities.blocker} blockers, ${severities.warning} warnings, ${severities.information} hints`);
if (values.check && seconds > LIMIT_SECONDS) process.exitCode = 1;
