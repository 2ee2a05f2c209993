import type { LeaseDevice, VirtualDisk } from '@guts/vsphere';
import { expect, test } from 'vitest';
import { deviceOf } from './lease.ts';

const device = (key: string, disk = true): LeaseDevice => ({
  key,
  disk,
  url: new URL('https://esx/nfc/1'),
  sslThumbprint: '',
  targetId: null,
});
const at = (controllerType: string, busNumber: number, unitNumber: number): VirtualDisk =>
  ({ controllerType, busNumber, unitNumber }) as VirtualDisk;

test('a disk is found by controller, bus and unit, never by position', () => {
  const devices = [
    device('/vm-42/ParaVirtualSCSIController0:1'),
    device('/vm-42/ParaVirtualSCSIController0:0'),
    device('/vm-42/ParaVirtualSCSIController1:0'),
    device('/vm-42/VirtualNVMEController0:0'),
    device('/vm-42/nvram', false),
  ];
  for (const [disk, key] of [
    [at('ParaVirtualSCSIController', 0, 0), devices[1]],
    [at('ParaVirtualSCSIController', 0, 1), devices[0]],
    [at('ParaVirtualSCSIController', 1, 0), devices[2]],
    [at('VirtualNVMEController', 0, 0), devices[3]],
  ] as const)
    expect(deviceOf(devices, disk)).toBe(key);
  expect(deviceOf(devices, at('VirtualAHCIController', 0, 0))).toBeNull();
});

test('what fits twice is nobody', () => {
  const twice = [device('/a/VirtualAHCIController0:0'), device('/b/VirtualAHCIController0:0')];
  expect(deviceOf(twice, at('VirtualAHCIController', 0, 0))).toBeNull();
});
