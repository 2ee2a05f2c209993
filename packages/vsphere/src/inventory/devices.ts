import type { XmlElement } from '../xml/element.ts';
import type { AttachedDevice } from './types.ts';

/** Types of the vSphere API below VirtualDevice, and what they are. */
const KINDS: Readonly<Record<string, AttachedDevice['kind']>> = {
  VirtualPCIPassthrough: 'pci',
  VirtualUSB: 'usb',
  VirtualCdrom: 'cdrom',
  VirtualFloppy: 'floppy',
  VirtualSerialPort: 'serial',
  VirtualParallelPort: 'parallel',
};

/** Devices beside disks and NICs that stand for something outside the machine. */
export function attachedDevices(devices: readonly XmlElement[]): AttachedDevice[] {
  return devices.flatMap((device) => {
    const kind = Object.hasOwn(KINDS, device.xsiType ?? '') ? KINDS[device.xsiType ?? ''] : undefined;
    if (kind === undefined) return [];
    const backing = device.find('backing');
    // A file (ISO image, floppy image, output of a port), else a device of the host, else a pipe or an address.
    const behind = ['fileName', 'deviceName', 'vgpu', 'pipeName', 'serviceURI']
      .map((field) => backing?.textOf(field) ?? '')
      .find((text) => text !== '');
    return [
      {
        kind,
        label: device.textOf('deviceInfo.label') ?? `device ${device.textOf('key') ?? ''}`,
        backing: behind ?? null,
        // What has no link is there as long as the machine is.
        connected: device.find('connectable') === null || device.boolOf('connectable.startConnected'),
      },
    ];
  });
}
