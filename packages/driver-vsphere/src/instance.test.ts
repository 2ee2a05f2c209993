import type { VirtualMachine } from '@guts/vsphere';
import { describe, expect, test } from 'vitest';
import { osType, toInstance } from './instance.ts';

describe('the kind of operating system', () => {
  test.for([
    ['debian12_64Guest', 'linux'],
    ['rhel9_64Guest', 'linux'],
    ['otherLinux64Guest', 'linux'],
    ['windows2019srvNext_64Guest', 'windows'],
    ['winXPProGuest', 'windows'],
    ['freebsd13_64Guest', 'other'],
    ['darwin20_64Guest', 'other'],
    [null, 'other'],
  ] as const)('%s is %s', ([guestId, expected]) => {
    expect(osType(guestId)).toBe(expected);
  });
});

const machine: VirtualMachine = {
  ref: { type: 'VirtualMachine', value: 'vm-1' },
  name: 'a/b',
  parent: null,
  powerState: 'poweredOff',
  connectionState: 'connected',
  instanceUuid: 'u',
  biosUuid: 'b',
  template: false,
  cpus: 1,
  coresPerSocket: 1,
  memoryMiB: 1,
  firmware: 'bios',
  secureBoot: false,
  bootDiskKey: null,
  tpm: false,
  encrypted: false,
  guestId: null,
  guestFullName: null,
  toolsRunning: false,
  hardwareVersion: null,
  changeTrackingEnabled: false,
  changeTrackingSupported: true,
  consolidationNeeded: false,
  snapshotCount: 0,
  host: null,
  faultTolerance: false,
  cpuHotPlug: false,
  memoryHotPlug: false,
  cpuAffinity: false,
  nestedVirtualization: false,
  diskUuidEnabled: false,
  toolsStatus: null,
  committedBytes: null,
  attached: [],
  disks: [],
  nics: [],
  addresses: [],
};
const disk: VirtualMachine['disks'][number] = {
  key: 2000,
  label: 'Hard disk 1',
  objectId: null,
  capacity: 1,
  fileName: '[DS] a.vmdk',
  datastore: null,
  backingType: 'VirtualDiskFlatVer2BackingInfo',
  mode: 'persistent',
  thin: true,
  shared: false,
  sharedBus: false,
  encrypted: false,
  hasParent: false,
  changeId: null,
  contentId: null,
  uuid: 'x',
  controllerKey: 1000,
  controllerType: 'ParaVirtualSCSIController',
  busNumber: 0,
  unitNumber: 0,
};

describe('an instance', () => {
  const names = { folder: 'DC0/vm', of: () => null };
  test('keeps a slash of its name out of its path', () => {
    expect(toInstance(machine, names)).toMatchObject({ name: 'a/b', path: 'DC0/vm/a%2fb' });
  });
  test.for([
    [{ backingType: 'VirtualDiskRawDiskMappingVer1BackingInfo' }, /raw device mapping/],
    [{ fileName: null }, /no file/],
    [{ shared: true }, /multi-writer/],
    [{ encrypted: true }, /encrypted/],
    [{ mode: 'independent_nonpersistent' }, /lost at power off/],
  ] as const)('a disk with %j says why it cannot be copied', ([change, why]) => {
    const found = toInstance({ ...machine, disks: [{ ...disk, ...change }] }, names);
    expect(found.disks[0]?.obstacles.join()).toMatch(why);
  });
  test('link-local addresses are nobody to move', () => {
    const mac = '00:50:56:00:00:01';
    const nic = {
      key: 4000,
      label: 'NIC',
      mac,
      type: 'VirtualVmxnet3',
      network: null,
      networkName: 'n',
      connected: false,
      startConnected: true,
    };
    const addresses = ['10.0.0.1', 'fe80::1', '169.254.1.1', '2001:db8::1'].map((address) => ({
      mac,
      address,
      prefix: 64,
      origin: address === '10.0.0.1' ? 'manual' : null,
    }));
    const [found] = toInstance({ ...machine, nics: [nic], addresses }, names).nics;
    expect(found).toMatchObject({ model: 'vmxnet3', connected: true });
    expect(found?.addresses).toEqual([
      { address: '10.0.0.1', prefix: 64, origin: 'static' },
      { address: '2001:db8::1', prefix: 64 },
    ]);
  });
  test('tells what preflight looks at; what the source does not tell is not known', () => {
    expect(toInstance(machine, names).traits).toMatchObject({ toolsInstalled: null, usedBytes: null });
    const attached = [{ kind: 'usb', label: 'USB 1', backing: 'key', connected: true }] as const;
    const told = toInstance(
      {
        ...machine,
        attached,
        faultTolerance: true,
        toolsStatus: 'guestToolsNotInstalled',
        committedBytes: 5,
      },
      names,
    );
    expect(told.traits).toMatchObject({
      devices: attached,
      faultTolerance: true,
      toolsInstalled: false,
      usedBytes: 5,
    });
  });
});
