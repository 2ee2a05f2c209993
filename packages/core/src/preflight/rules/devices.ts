import type { InstanceDevice } from '../../inventory.ts';
import type { InstanceCase } from '../case.ts';
import type { InstanceRule, Told } from '../rule.ts';

const PORTS: readonly InstanceDevice['kind'][] = ['serial', 'parallel'];

function each(
  { traits }: InstanceCase,
  kinds: readonly InstanceDevice['kind'][],
  told: (device: InstanceDevice) => Told,
): Told[] {
  return (traits?.devices ?? []).filter((one) => kinds.includes(one.kind)).map(told);
}
const named = ({ label, backing }: InstanceDevice): string =>
  backing === null ? label : `${label} (${backing})`;

const pci: InstanceRule = {
  id: 'device.pci_passthrough',
  title: 'A device of the host is passed through',
  severities: ['warning', 'blocker'],
  explanation:
    'A PCI device of the ESXi host, such as a GPU, belongs to the machine. The target has none unless its flavor gives it one. No snapshot of such a machine can be taken while it runs: a warm migration is not possible.',
  remedy: 'Name a flavor that has such a device (--flavor), or take the device away from the instance.',
  needs: 'instance',
  check: (one) =>
    each(one, ['pci'], (device) => ({
      ...(one.mode === 'warm' ? { severity: 'blocker' as const } : {}),
      message: `${named(device)} is a device of its host, which the target will not have`,
    })),
};

const sriov: InstanceRule = {
  id: 'device.sriov',
  title: 'A NIC by SR-IOV',
  severities: ['warning'],
  explanation:
    "The NIC is a slice of a network card of the host, and its guest has that card's driver. The target's is a virtual one of the common model.",
  remedy:
    'See that the guest has the driver of the new model. A direct port can be put in its place after the move.',
  needs: 'instance',
  check: ({ nics }) =>
    nics
      .filter((nic) => /sriov/.test(nic.model))
      .map((nic) => ({
        subject: `nic:${nic.key}`,
        message: `${nic.label} is a slice of a network card of its host (SR-IOV); the target's will be a virtual one`,
      })),
};

const usb: InstanceRule = {
  id: 'device.usb',
  title: 'A USB device is attached',
  severities: ['warning'],
  explanation:
    'A USB device of the host or of a client, such as a licence key, is passed to the guest and stays behind.',
  remedy: 'Move the device to a network USB server, or the licence to another kind, before the move.',
  needs: 'instance',
  check: (one) =>
    each(one, ['usb'], (device) => ({
      message: `${named(device)} is a USB device, which the target will not have`,
    })),
};

const removable: InstanceRule = {
  id: 'device.removable',
  title: 'A CD or floppy is inserted',
  severities: ['information'],
  explanation: 'Removable media are not moved, and the target has no drive for them.',
  remedy: 'Where the guest needs the medium, copy what is on it to a disk first.',
  needs: 'instance',
  check: ({ traits }) =>
    (traits?.devices ?? [])
      .filter(({ kind }) => kind === 'cdrom' || kind === 'floppy')
      .filter(({ connected, backing }) => connected && backing !== null)
      .map((device) => ({ message: `${named(device)} is inserted and not moved` })),
};

const ports: InstanceRule = {
  id: 'device.port',
  title: 'A serial or parallel port',
  severities: ['information'],
  explanation:
    'What a serial or parallel port is joined to (a file, a pipe, another machine, a device of the host) is not carried over. The target has the serial console of its cloud.',
  remedy: 'See whether something talks to that port.',
  needs: 'instance',
  check: (one) =>
    each(one, PORTS, (device) => ({
      message: `what ${named(device)} is joined to is not carried over`,
    })),
};

export const deviceRules = [pci, sriov, usb, removable, ports] as const;
