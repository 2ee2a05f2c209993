import { RULES, preflight, type Instance, DEFAULT_POLICIES, SILENT_LOG } from '@guts/core';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
let all: Map<string, Instance>;
beforeAll(async () => {
  const nic = { network: 'VM Network', ip: '10.0.0.5' };
  vcenter = await startVCenter({
    machines: [
      {
        name: 'odd',
        powerState: 'poweredOn',
        hotAdd: true,
        cpuAffinity: [0, 1],
        nestedVirtualization: true,
        faultTolerance: true,
        consolidationNeeded: true,
        disks: [
          { sizeBytes: 1024, mode: 'independent_persistent' },
          { sizeBytes: 1024, controller: 'lsilogic', sharedBus: 'physicalSharing' },
        ],
        nics: [
          { ...nic, mac: '00:50:56:aa:bb:01', origin: 'manual' },
          { ...nic, mac: '00:50:56:aa:bb:02', origin: 'dhcp' },
          { ...nic, mac: '00:50:56:aa:bb:03' },
        ],
        devices: [
          { kind: 'pci', backing: '0000:3b:00.0' },
          { kind: 'usb', backing: 'path:1/0/2' },
          { kind: 'cdrom', backing: '[vmfs1] iso/debian.iso' },
          { kind: 'cdrom', startConnected: false },
          { kind: 'serial', backing: 'pipe' },
        ],
      },
      { name: 'plain', disks: [{ sizeBytes: 1024 }] },
    ],
  });
  const { url, fingerprintSha256: fingerprint } = vcenter;
  const settings = { url, username: 'administrator@vsphere.local', fingerprint };
  const source = await createVSphereDriver().connect(
    { settings, secret: { password: 'fake-vcenter-password' } },
    { signal, log: SILENT_LOG },
  );
  all = new Map();
  for await (const { kind, data } of source.inventory(signal))
    if (kind === 'instance') all.set(data.name, data);
  await source.close();
});
afterAll(() => vcenter.close());

const get = (name: string): Instance => {
  const found = all.get(name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};

test('what preflight looks at is read with the inventory', () => {
  expect(get('odd').traits).toMatchObject({
    faultTolerance: true,
    consolidationNeeded: true,
    cpuHotPlug: true,
    memoryHotPlug: true,
    cpuAffinity: true,
    nestedVirtualization: true,
    toolsInstalled: true,
    usedBytes: 2048,
    devices: [
      { kind: 'pci', label: 'PCI device 1', backing: '0000:3b:00.0', connected: true },
      { kind: 'usb', backing: 'path:1/0/2' },
      { kind: 'cdrom', backing: '[vmfs1] iso/debian.iso', connected: true },
      { kind: 'cdrom', label: 'CD/DVD drive 2', backing: null, connected: false },
      { kind: 'serial', backing: 'pipe' },
    ],
  });
  expect(get('odd').disks).toMatchObject([
    { independent: true, sharedBus: false },
    { independent: false, sharedBus: true },
  ]);
  expect(get('odd').nics.map(({ addresses }) => addresses[0]?.origin)).toEqual(['static', 'dhcp', undefined]);
  expect(get('plain').traits).toMatchObject({
    devices: [],
    faultTolerance: false,
    cpuHotPlug: false,
    toolsInstalled: false,
    usedBytes: 1024,
  });
});

test('and the rules find it there', () => {
  const spec = {
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
  } as const;
  const about = { spec, mode: 'cold', targetProject: null, facts: null, held: null } as const;
  const codes = (name: string): string[] =>
    preflight({ ...about, instance: get(name), bytesPerSecond: null }).findings.map(({ code }) => code);
  const odd = codes('odd');
  expect(RULES.map(({ id }) => id).filter((id) => odd.includes(id))).toEqual([
    'instance.fault_tolerance',
    'instance.consolidation',
    'instance.hot_plug',
    'instance.cpu_affinity',
    'instance.nested_virtualization',
    'device.pci_passthrough',
    'device.usb',
    'device.removable',
    'device.port',
    'address.static',
    'address.untold',
    'disk.shared_bus',
    'disk.independent',
    'disk.serials',
    'disk.boot_assumed',
    'transfer.predicted',
  ]);
  expect(codes('plain')).toEqual(['nic.none', 'disk.serials', 'transfer.predicted']);
});
