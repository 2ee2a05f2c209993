/**
 * Measures preflight: instances of many kinds against one destination, every rule asked. `npm run bench:preflight
 * [-- --instances N --seed N --check]`; with --check it ends with 1 when the number is missed.
 */
import { parseArgs } from 'node:util';
import {
  DEFAULT_POLICIES,
  type DestinationFacts,
  type MigrationSpec,
  preflight,
  RULES,
  Tally,
} from '@guts/core';
import { DATASTORES, NETWORKS, randomInstances, several } from '../random-instances.ts';

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    check: { type: 'boolean', default: false },
  },
});
const count = Number(values.instances);
const LIMIT_SECONDS = 5;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

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

const all = randomInstances(count, Number(values.seed));
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
