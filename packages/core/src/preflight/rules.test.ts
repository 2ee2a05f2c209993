import { describe, expect, test } from 'vitest';
import { type Change, disk, GIB, nic, question } from '../../test/preflight-fixtures.ts';
import type { InstanceDevice } from '../inventory.ts';
import { RULES } from './catalogue.ts';
import { preflight, unasked } from './check.ts';
import type { Severity } from './finding.ts';

const device = (kind: InstanceDevice['kind'], more: Partial<InstanceDevice> = {}): Change => ({
  traits: { devices: [{ kind, label: 'Device 1', backing: 'b', connected: true, ...more }] },
});
const static9 = [{ address: '10.0.0.9', prefix: 24, origin: 'static' as const }];
const to = (network: string): Change => ({ mapping: { networks: { '*': { network } } } });
const windows = { osType: 'windows', guestId: 'windows9_64Guest' } as const;
const manyDisks = (count: number): Change => ({
  instance: {
    disks: Array.from({ length: count }, (_, index) => ({
      ...disk,
      key: String(2000 + index),
      capacityBytes: 1,
    })),
  },
});
const images: Change['facts'] = { volumeTransports: ['image'], flavors: [] };

/** A rule, what makes it speak and how gravely, and something near that leaves it silent. */
const CASES: readonly (readonly [id: string, severity: Severity, fires: Change, silent: Change])[] = [
  ['instance.template', 'blocker', { instance: { template: true } }, {}],
  ['instance.disconnected', 'blocker', { instance: { connected: false } }, {}],
  [
    'instance.suspended',
    'blocker',
    { instance: { powerState: 'suspended' } },
    { instance: { powerState: 'off' } },
  ],
  ['instance.encrypted', 'blocker', { instance: { encrypted: true } }, {}],
  ['instance.tpm', 'warning', { instance: { tpm: true } }, {}],
  ['instance.fault_tolerance', 'warning', { traits: { faultTolerance: true } }, {}],
  ['instance.consolidation', 'warning', { traits: { consolidationNeeded: true } }, {}],
  ['instance.snapshots', 'information', { instance: { snapshotCount: 1 } }, {}],
  ['instance.hot_plug', 'information', { traits: { memoryHotPlug: true } }, {}],
  ['instance.cpu_affinity', 'information', { traits: { cpuAffinity: true } }, {}],
  ['instance.nested_virtualization', 'warning', { traits: { nestedVirtualization: true } }, {}],
  ['name.changed', 'information', { instance: { name: 'web 🚀' } }, { instance: { name: '東京' } }],
  ['instance.details_unknown', 'information', { instance: { traits: undefined } as never }, {}],
  ['device.pci_passthrough', 'warning', device('pci'), device('serial')],
  [
    'device.pci_passthrough',
    'blocker',
    { ...device('pci'), question: { mode: 'warm' } },
    { question: { mode: 'warm' } },
  ],
  ['device.sriov', 'warning', { nic: { model: 'sriovethernetcard' } }, { nic: { model: 'e1000' } }],
  ['device.usb', 'warning', device('usb'), device('cdrom')],
  ['device.removable', 'information', device('cdrom'), device('cdrom', { connected: false })],
  ['device.removable', 'information', device('floppy'), device('floppy', { backing: null })],
  ['device.port', 'information', device('serial'), device('usb')],
  [
    'mapping.nic_unknown',
    'blocker',
    { mapping: { nics: { '4001': { network: 'prod' } } } },
    { mapping: { nics: { '4000': { network: 'prod' } } } },
  ],
  [
    'mapping.disk_unknown',
    'blocker',
    { mapping: { disks: { '7': { skip: true } } } },
    { mapping: { disks: { '2000': {} } } },
  ],
  [
    'mapping.unused',
    'information',
    { mapping: { datastores: { DS9: 'fast' } } },
    { mapping: { datastores: { DS1: 'fast', '*': 'fast' } } },
  ],
  ['nic.none', 'warning', { instance: { nics: [] } }, {}],
  ['nic.skipped', 'information', { mapping: { nics: { '4000': { network: '-', skip: true } } } }, {}],
  ['nic.disconnected', 'warning', { nic: { connected: false } }, {}],
  ['nic.mac_missing', 'blocker', { nic: { mac: '' } }, { nic: { mac: '' }, spec: { keepMac: false } }],
  [
    'nic.mac_twice',
    'blocker',
    { instance: { nics: [nic, { ...nic, key: '4001' }] } },
    { instance: { nics: [nic, { ...nic, key: '4001', mac: '00:50:56:aa:00:02' }] } },
  ],
  ['network.unmapped', 'blocker', { mapping: { networks: {} } }, {}],
  ['network.unmapped', 'blocker', { mapping: { networks: {} }, nic: { networkName: 'constructor' } }, {}],
  ['network.unknown', 'blocker', to('nowhere'), to('id-prod')],
  [
    'subnet.unknown',
    'blocker',
    { mapping: { networks: { '*': { network: 'prod', subnet: 'x' } } } },
    { mapping: { networks: { '*': { network: 'prod', subnet: 'prod-v4' } } } },
  ],
  [
    'address.unfit',
    'blocker',
    { spec: { keepIp: true }, nic: { addresses: [{ address: '10.9.0.1', prefix: 24 }] } },
    { spec: { keepIp: true } },
  ],
  [
    'address.unknown',
    'blocker',
    { spec: { keepIp: true }, nic: { addresses: [] } },
    { nic: { addresses: [] } },
  ],
  [
    'address.static',
    'warning',
    { nic: { addresses: static9 } },
    { nic: { addresses: static9 }, spec: { keepIp: true } },
  ],
  ['address.untold', 'information', { nic: { addresses: [] } }, {}],
  ['network.no_subnet', 'warning', to('bare'), to('prod')],
  ['network.policy', 'warning', to('shared'), { ...to('shared'), facts: { admin: true } }],
  ['network.external', 'warning', to('outside'), { ...to('outside'), facts: { admin: true } }],
  [
    'address.taken',
    'blocker',
    { question: { held: [{ networkId: 'id-prod', address: nic.mac, portId: 'p', migrationId: null }] } },
    { question: { held: [{ networkId: 'id-bare', address: nic.mac, portId: 'p', migrationId: null }] } },
  ],
  ['disk.none', 'blocker', { instance: { disks: [] } }, {}],
  ['disk.skipped', 'blocker', { mapping: { disks: { '2000': { skip: true } } } }, {}],
  [
    'disk.skipped',
    'information',
    { instance: { disks: [disk, { ...disk, key: '2001' }] }, mapping: { disks: { '2001': { skip: true } } } },
    {},
  ],
  ['disk.empty', 'blocker', { disk: { capacityBytes: 0 } }, { disk: { capacityBytes: 1 } }],
  ['disk.unreadable', 'blocker', { disk: { obstacles: ['it is a raw device mapping'] } }, {}],
  ['disk.shared_bus', 'blocker', { disk: { sharedBus: true } }, {}],
  ['disk.datastore_missing', 'blocker', { disk: { datastoreRef: null } }, {}],
  ['disk.independent', 'information', { disk: { independent: true } }, {}],
  [
    'disk.independent',
    'blocker',
    { disk: { independent: true }, question: { mode: 'warm' } },
    { question: { mode: 'warm' } },
  ],
  [
    'disk.change_tracking',
    'information',
    { instance: { changeTracking: { supported: false, enabled: false } } },
    {},
  ],
  [
    'disk.change_tracking',
    'blocker',
    { instance: { changeTracking: { supported: false, enabled: false } }, question: { mode: 'warm' } },
    { question: { mode: 'warm' } },
  ],
  ['disk.count', 'warning', manyDisks(25), manyDisks(24)],
  ['disk.serials', 'information', { traits: { diskSerials: true } }, {}],
  [
    'disk.boot_assumed',
    'information',
    { instance: { disks: [disk, { ...disk, key: '2001' }], bootDiskKey: null } },
    { instance: { disks: [disk, { ...disk, key: '2001' }] } },
  ],
  [
    'volume_type.unknown',
    'blocker',
    { spec: { bootFrom: 'volume' }, mapping: { datastores: { '*': 'slow' } } },
    { spec: { bootFrom: 'volume' }, mapping: { datastores: { '*': 'fast' } } },
  ],
  [
    'image.size_cap',
    'warning',
    { disk: { capacityBytes: 1025 * GIB } },
    { disk: { capacityBytes: 1025 * GIB }, spec: { bootFrom: 'volume' } },
  ],
  [
    'image.size_cap',
    'warning',
    { disk: { capacityBytes: 1025 * GIB }, spec: { bootFrom: 'volume' }, facts: images },
    { facts: images },
  ],
  [
    'guest.no_tools',
    'warning',
    { instance: { toolsRunning: false } },
    { instance: { toolsRunning: false, powerState: 'off' } },
  ],
  [
    'guest.no_tools',
    'blocker',
    { instance: { toolsRunning: false }, policies: { power: 'guest-only' } },
    { instance: { toolsRunning: false }, policies: { power: 'off' } },
  ],
  [
    'guest.fast_start',
    'information',
    { instance: windows },
    { instance: { osType: 'windows', guestId: 'windows2019srv_64Guest' } },
  ],
  [
    'guest.fast_start',
    'warning',
    { instance: { ...windows, powerState: 'off' } },
    { instance: { osType: 'windows', guestId: 'windows9Server64Guest' } },
  ],
  ['guest.unknown', 'information', { instance: { osType: 'other', guestId: 'freebsd13_64Guest' } }, {}],
  ['firmware.boot_entries', 'warning', { instance: { firmware: 'uefi' } }, {}],
  [
    'firmware.boot_entries',
    'information',
    { instance: { ...windows, firmware: 'uefi' } },
    { instance: windows },
  ],
  [
    'firmware.secure_boot',
    'information',
    { instance: { firmware: 'uefi', secureBoot: true } },
    {
      instance: { firmware: 'uefi', secureBoot: true },
      spec: { properties: { os_secure_boot: 'required' } },
    },
  ],
  ['hardware.disk_bus', 'warning', { disk: { bus: 'nvme' } }, { disk: { bus: 'sata', controller: 'ahci' } }],
  [
    'hardware.windows_virtio',
    'warning',
    { instance: windows, spec: { properties: { hw_disk_bus: 'virtio' } } },
    { spec: { properties: { hw_disk_bus: 'virtio' } } },
  ],
  ['hardware.nic_model', 'warning', { nic: { model: 'vmxnet9' } }, { nic: { model: 'e1000' } }],
  [
    'destination.other_project',
    'information',
    { question: { targetProject: 'prod' } },
    { question: { targetProject: 'demo' } },
  ],
  [
    'flavor.none',
    'blocker',
    { instance: { cpus: 99 } },
    { instance: { cpus: 99 }, spec: { flavor: 'small' } },
  ],
  ['flavor.unknown', 'blocker', { spec: { flavor: 'huge' } }, { spec: { flavor: 'id-small' } }],
  [
    'flavor.root_disk',
    'blocker',
    { spec: { flavor: 'tiny' } },
    { spec: { flavor: 'tiny', bootFrom: 'volume' } },
  ],
  [
    'flavor.smaller',
    'warning',
    { spec: { flavor: 'tiny', bootFrom: 'volume' } },
    { spec: { flavor: 'small' } },
  ],
  [
    'security_group.unknown',
    'blocker',
    { spec: { securityGroups: ['web'] } },
    { spec: { securityGroups: ['default'] } },
  ],
  [
    'availability_zone.unknown',
    'blocker',
    { spec: { availabilityZone: 'az9' } },
    { spec: { availabilityZone: 'az1' } },
  ],
  [
    'availability_zone.unknown',
    'information',
    { spec: { availabilityZone: 'az9' }, facts: { availabilityZones: { compute: null, volume: null } } },
    {},
  ],
  ['quota.exceeded', 'blocker', { quota: { cores: 1 } }, { quota: { cores: 2 } }],
  ['quota.image_storage', 'warning', { quota: { imageMiB: 10 } }, { quota: { imageMiB: 20_000 } }],
  ['transfer.predicted', 'information', {}, { instance: { disks: [] } }],
];
const found = (change: Change, id: string) =>
  preflight(question(change)).findings.filter(({ code }) => code === id);

describe('each rule speaks when it should, and only then', () => {
  test.for(CASES)('%s: %s', ([id, severity, fires, silent]) => {
    expect(found(fires, id).map((one) => one.severity)).toContain(severity);
    expect(found(silent, id)).toEqual([]);
  });

  test('and is tried here', () => {
    const asked = RULES.filter(({ needs }) => needs !== 'source' && needs !== 'many').map(({ id }) => id);
    expect([...new Set(CASES.map(([id]) => id))].toSorted()).toEqual(asked.toSorted());
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });

  test('with a severity that it says it has, a remedy, and words for people', () => {
    for (const rule of RULES) {
      for (const text of [rule.explanation, rule.remedy])
        expect(text).toMatch(/^(?:vCenter|vSphere|\p{Lu}).*[.)]$/su);
      expect(rule.title).toMatch(/^\p{Lu}.*[^.]$/u);
    }
    for (const [id, , fires] of CASES)
      for (const one of found(fires, id)) {
        expect(RULES.find((rule) => rule.id === id)?.severities).toContain(one.severity);
        expect(one.remedy).toBeTruthy();
      }
  });
});

test('of an ordinary machine nothing is said but what it sends, and there is a plan', () => {
  const { findings, plan } = preflight(question());
  expect(findings).toMatchObject([
    {
      code: 'transfer.predicted',
      message: 'about 4.0 GiB of 10.0 GiB are sent, in about 41 s at 100 MiB/s (assumed)',
    },
  ]);
  expect(plan).toMatchObject({ serverName: 'web 01', flavor: { name: 'small' } });
});

test('without a destination its rules are silent, and told as not asked', () => {
  const alone = preflight(question({ instance: { cpus: 99 }, question: { facts: null } }));
  expect(alone).toMatchObject({ plan: null, target: null });
  expect(alone.findings.map(({ code }) => code)).toEqual(['transfer.predicted']);
  const ids = (destination: boolean, ports: boolean) => unasked({ destination, ports }).map(({ id }) => id);
  expect(ids(false, false)).toContain('flavor.none');
  expect(ids(true, false)).toEqual([
    'address.taken',
    'host.unreachable',
    'host.untrusted',
    'transport.datastore',
    'transport.vddk',
  ]);
  expect(ids(true, true)).not.toContain('address.taken');
});

test('what only may be so is said to be unknown', () => {
  for (const id of ['firmware.boot_entries', 'guest.fast_start'])
    expect(found({ instance: { ...windows, firmware: 'uefi' } }, id)).toMatchObject([{ unknown: true }]);
  expect(preflight(question()).findings.every(({ unknown }) => unknown === undefined)).toBe(true);
});
