import type { DeviceSpec } from '../options.ts';
import { bool, data, int, str, sub, type Value } from '../soap/values.ts';

interface Kind {
  readonly type: string;
  readonly label: string;
  /** First device key of its kind. */
  readonly key: number;
  readonly backing: string;
  readonly field: string;
}

const KINDS: Readonly<Record<DeviceSpec['kind'], Kind>> = {
  pci: {
    type: 'VirtualPCIPassthrough',
    label: 'PCI device',
    key: 13000,
    backing: 'VirtualPCIPassthroughDeviceBackingInfo',
    field: 'deviceName',
  },
  usb: {
    type: 'VirtualUSB',
    label: 'USB',
    key: 10000,
    backing: 'VirtualUSBUSBBackingInfo',
    field: 'deviceName',
  },
  cdrom: {
    type: 'VirtualCdrom',
    label: 'CD/DVD drive',
    key: 3000,
    backing: 'VirtualCdromIsoBackingInfo',
    field: 'fileName',
  },
  floppy: {
    type: 'VirtualFloppy',
    label: 'Floppy drive',
    key: 8000,
    backing: 'VirtualFloppyImageBackingInfo',
    field: 'fileName',
  },
  serial: {
    type: 'VirtualSerialPort',
    label: 'Serial port',
    key: 9000,
    backing: 'VirtualSerialPortPipeBackingInfo',
    field: 'pipeName',
  },
  parallel: {
    type: 'VirtualParallelPort',
    label: 'Parallel port',
    key: 10500,
    backing: 'VirtualParallelPortFileBackingInfo',
    field: 'fileName',
  },
};

/** Devices beside disks and NICs. */
export function otherDevices(specs: readonly DeviceSpec[]): Value[] {
  return specs.map((spec, index) => {
    const { type, label, key, backing, field } = KINDS[spec.kind];
    const number = specs.slice(0, index).filter((one) => one.kind === spec.kind).length;
    const joined = spec.startConnected ?? true;
    return sub(type, {
      key: int(key + number),
      deviceInfo: data('Description', { label: str(`${label} ${number + 1}`), summary: str(label) }),
      ...(spec.backing === undefined ? {} : { backing: sub(backing, { [field]: str(spec.backing) }) }),
      connectable: data('VirtualDeviceConnectInfo', {
        startConnected: bool(joined),
        allowGuestControl: bool(true),
        connected: bool(joined),
        status: str('ok'),
      }),
    });
  });
}
