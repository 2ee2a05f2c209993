import type { DiskSpec, NicSpec } from '../options.ts';
import { otherDevices } from './machine-other-devices.ts';
import {
  any,
  bool,
  data,
  enumeration,
  int,
  list,
  long,
  refValue,
  str,
  sub,
  type Ref,
  type Value,
} from '../soap/values.ts';
import { CONTROLLERS } from './machine-disk.ts';
import type { Machine, Snapshot } from './machine.ts';
import type { MachineDisk } from './machine-disk.ts';

/** How a machine's names become references. */
export interface Lookup {
  datastore(name: string): Ref | undefined;
  network(name: string): NetworkTarget | undefined;
}

export interface NetworkTarget {
  readonly ref: Ref;
  readonly name: string;
  readonly portgroup?: { readonly key: string; readonly switchUuid: string };
}

const description = (label: string, summary: string): Value =>
  data('Description', { label: str(label), summary: str(summary) });

/** The devices of a machine, or of it as a snapshot froze it. */
export function devices(machine: Machine, lookup: Lookup, snapshot?: Snapshot): Value {
  const items: Value[] = [
    controller('VirtualIDEController', 200, 0, 'IDE 0'),
    controller('VirtualIDEController', 201, 1, 'IDE 1'),
    controller('VirtualPS2Controller', 300, 0, 'PS2 controller 0'),
    controller('VirtualPCIController', 100, 0, 'PCI controller 0'),
    controller('VirtualSIOController', 400, 0, 'SIO controller 0'),
    sub('VirtualKeyboard', {
      key: int(600),
      deviceInfo: description('Keyboard', 'Keyboard'),
      controllerKey: int(300),
      unitNumber: int(0),
    }),
    sub('VirtualMachineVideoCard', {
      key: int(500),
      deviceInfo: description('Video card', 'Video card'),
      controllerKey: int(100),
      unitNumber: int(0),
      videoRamSizeInKB: long(4096),
    }),
  ];
  const seen = new Set<number>([200, 201]);
  for (const disk of machine.disks) {
    if (seen.has(disk.controllerKey)) continue;
    seen.add(disk.controllerKey);
    const kind = CONTROLLERS[disk.spec.controller ?? 'pvscsi'];
    const label = `${kind.label} ${disk.bus}`;
    items.push(controller(kind.type, disk.controllerKey, disk.bus, label, disk.spec.sharedBus));
  }
  for (const [index, disk] of machine.disks.entries()) {
    const value = diskDevice(machine, disk, index, lookup, snapshot);
    if (value !== undefined) items.push(value);
  }
  for (const [index, nic] of (machine.spec.nics ?? []).entries())
    items.push(nicDevice(machine, nic, index, lookup));
  items.push(...otherDevices(machine.spec.devices ?? []));
  return list('VirtualDevice', items);
}

function controller(
  type: string,
  key: number,
  bus: number,
  label: string,
  sharedBus: DiskSpec['sharedBus'] = 'noSharing',
): Value {
  const isScsi = type.includes('SCSI') || type.includes('LsiLogic');
  return sub(type, {
    key: int(key),
    deviceInfo: description(label, label),
    busNumber: int(bus),
    ...(isScsi
      ? {
          hotAddRemove: bool(true),
          sharedBus: enumeration('VirtualSCSISharing', sharedBus),
          scsiCtlrUnitNumber: int(7),
        }
      : {}),
  });
}

function diskDevice(
  machine: Machine,
  disk: MachineDisk,
  index: number,
  lookup: Lookup,
  snapshot: Snapshot | undefined,
): Value | undefined {
  const frozen = snapshot?.disks.find((d) => d.key === disk.key);
  if (snapshot !== undefined && frozen === undefined) return undefined;
  const path = frozen?.path ?? machine.currentPath(disk);
  const parents = frozen?.parents ?? machine.parentPaths(disk);
  const changeId =
    snapshot === undefined
      ? machine.trackingActive
        ? disk.tracking.changeId
        : undefined
      : frozen?.moment?.changeId;
  return sub('VirtualDisk', {
    key: int(disk.key),
    deviceInfo: description(
      `Hard disk ${index + 1}`,
      `${(disk.disk.size / 1024).toLocaleString('en-US')} KB`,
    ),
    backing: backing(machine, disk, lookup, path, parents, changeId),
    controllerKey: int(disk.controllerKey),
    unitNumber: int(disk.unit),
    capacityInKB: long(Math.floor(disk.disk.size / 1024)),
    capacityInBytes: long(disk.disk.size),
    shares: data('SharesInfo', { shares: int(1000), level: enumeration('SharesLevel', 'normal') }),
    diskObjectId: str(`${disk.objectNumber}-${disk.key}`),
    nativeUnmanagedLinkedClone: bool(false),
  });
}

function backing(
  machine: Machine,
  disk: MachineDisk,
  lookup: Lookup,
  path: string,
  parents: readonly string[],
  changeId: string | undefined,
): Value {
  const store = lookup.datastore(disk.datastore);
  const [parent, ...rest] = parents;
  return sub('VirtualDiskFlatVer2BackingInfo', {
    fileName: str(`[${disk.datastore}] ${path}`),
    datastore: store === undefined ? undefined : refValue(store),
    backingObjectId: str(''),
    diskMode: str(disk.spec.mode ?? 'persistent'),
    split: bool(false),
    writeThrough: bool(false),
    thinProvisioned: bool(disk.spec.thin ?? true),
    uuid: str(disk.uuid),
    contentId: str(`${disk.uuid.replaceAll('-', '').slice(0, 24)}${machine.contentIdOf(disk, path)}`),
    changeId: changeId === undefined ? undefined : str(changeId),
    parent:
      parent === undefined ? undefined : withoutType(backing(machine, disk, lookup, parent, rest, undefined)),
    digestEnabled: bool(false),
    sharing: str('sharingNone'),
  });
}

/** `parent` is declared as exactly this backing type. */
function withoutType(value: Value): Value {
  return value.kind === 'data' ? { ...value, derived: false } : value;
}

const NICS = { vmxnet3: 'VirtualVmxnet3', e1000: 'VirtualE1000', e1000e: 'VirtualE1000e' } as const;

function nicDevice(machine: Machine, nic: NicSpec, index: number, lookup: Lookup): Value {
  const key = 4000 + index;
  const target = lookup.network(nic.network);
  const link = machine.links.get(key);
  return sub(NICS[nic.type ?? 'vmxnet3'], {
    key: int(key),
    deviceInfo: description(`Network adapter ${index + 1}`, nic.network),
    backing: target === undefined ? undefined : nicBacking(target),
    connectable: data('VirtualDeviceConnectInfo', {
      migrateConnect: str('unset'),
      startConnected: bool(link?.startConnected ?? false),
      allowGuestControl: bool(true),
      connected: bool(link?.connected ?? false),
      status: str('ok'),
    }),
    controllerKey: int(100),
    unitNumber: int(7 + index),
    addressType: str('assigned'),
    macAddress: str(nic.mac),
    wakeOnLanEnabled: bool(true),
  });
}

function nicBacking(target: NetworkTarget): Value {
  if (target.portgroup !== undefined) {
    return sub('VirtualEthernetCardDistributedVirtualPortBackingInfo', {
      port: data('DistributedVirtualSwitchPortConnection', {
        switchUuid: str(target.portgroup.switchUuid),
        portgroupKey: str(target.portgroup.key),
        portKey: str('1'),
      }),
    });
  }
  return sub('VirtualEthernetCardNetworkBackingInfo', {
    deviceName: str(target.name),
    useAutoDetect: bool(false),
    network: refValue(target.ref),
  });
}

export const option = (key: string, value: string): Value =>
  data('OptionValue', { key: str(key), value: any(str(value)) });
