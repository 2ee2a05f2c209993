import type { ObjectProperties, PropertyPaths } from '../collector.ts';
import { safeBytes, type XmlElement } from '../xml/element.ts';
import { attachedDevices } from './devices.ts';
import type {
  Container,
  Datastore,
  GuestAddress,
  HostSystem,
  Network,
  VirtualDisk,
  VirtualMachine,
  VirtualNic,
} from './types.ts';

/** What is fetched; `summary.quickStats` is left out, or every machine changes every 20 seconds. */
export const PATHS = {
  VirtualMachine: [
    'name',
    'parent',
    'parentVApp',
    'config.uuid',
    'config.instanceUuid',
    'config.firmware',
    'config.bootOptions',
    'config.hardware.numCPU',
    'config.hardware.numCoresPerSocket',
    'config.hardware.memoryMB',
    'config.hardware.device',
    'config.template',
    'config.changeTrackingEnabled',
    'config.version',
    'config.guestId',
    'config.guestFullName',
    'config.keyId',
    'config.cpuHotAddEnabled',
    'config.cpuHotRemoveEnabled',
    'config.memoryHotAddEnabled',
    'config.cpuAffinity',
    'config.nestedHVEnabled',
    'config.flags.diskUuidEnabled',
    'guest.net',
    'guest.toolsRunningStatus',
    'guest.toolsVersionStatus2',
    'summary.storage.committed',
    'runtime.faultToleranceState',
    'runtime.host',
    'runtime.powerState',
    'runtime.connectionState',
    'runtime.consolidationNeeded',
    'snapshot',
    'capability.changeTrackingSupported',
  ],
  HostSystem: [
    'name',
    'parent',
    'summary.config.port',
    'summary.config.sslThumbprint',
    'runtime.connectionState',
  ],
  Datastore: [
    'name',
    'parent',
    'summary.type',
    'summary.capacity',
    'summary.freeSpace',
    'summary.accessible',
  ],
  Network: ['name', 'parent'],
  Folder: ['name', 'parent'],
  Datacenter: ['name', 'parent'],
  VirtualApp: ['name', 'parent', 'parentFolder'],
} as const satisfies PropertyPaths;

/** vSphere keeps `/`, `\` and `%` of names as `%2f`, `%5c` and `%25`. */
export function decodeName(text: string): string {
  return text.replaceAll(/%(2f|5c|25)/gi, (one) => decodeURIComponent(one));
}

type Properties = ObjectProperties['properties'];
const text = (properties: Properties, path: string): string | null => properties.get(path)?.text ?? null;
const bytesOf = (properties: Properties, path: string): number | null => {
  const found = properties.get(path);
  return found ? safeBytes(found.long(), path) : null;
};
const flag = (properties: Properties, path: string): boolean => properties.get(path)?.text === 'true';

function deviceLabel(device: XmlElement): string {
  return device.textOf('deviceInfo.label') ?? `device ${device.textOf('key') ?? ''}`;
}

function toDisk(device: XmlElement, controllers: ReadonlyMap<number, XmlElement>): VirtualDisk {
  const controllerKey = device.intOf('controllerKey');
  const controller = controllerKey === null ? undefined : controllers.get(controllerKey);
  const bytes = device.longOf('capacityInBytes') ?? (device.longOf('capacityInKB') ?? 0n) * 1024n;
  const backing = device.find('backing');
  const sharing = backing?.textOf('sharing') ?? 'sharingNone';
  const backingObjectId = backing?.textOf('backingObjectId') ?? '';
  return {
    key: device.get('key').int(),
    label: deviceLabel(device),
    objectId: device.textOf('diskObjectId') ?? (backingObjectId === '' ? null : backingObjectId),
    capacity: safeBytes(bytes, 'capacityInBytes'),
    fileName: backing?.textOf('fileName') ?? null,
    datastore: backing?.refOf('datastore') ?? null,
    backingType: backing?.xsiType ?? '',
    mode: backing?.textOf('diskMode') ?? null,
    thin: backing?.boolOf('thinProvisioned') ?? false,
    shared: sharing !== 'sharingNone',
    // VirtualSCSIController.sharedBus: noSharing, physicalSharing or virtualSharing.
    sharedBus: (controller?.textOf('sharedBus') ?? 'noSharing') !== 'noSharing',
    encrypted: backing?.find('keyId') !== null && backing?.find('keyId') !== undefined,
    hasParent: backing?.find('parent') !== null && backing?.find('parent') !== undefined,
    changeId: backing?.textOf('changeId') ?? null,
    uuid: backing?.textOf('uuid') ?? null,
    contentId: backing?.textOf('contentId') ?? null,
    controllerKey,
    controllerType: controller?.xsiType ?? null,
    busNumber: controller?.intOf('busNumber') ?? null,
    unitNumber: device.intOf('unitNumber'),
  };
}

function toNic(device: XmlElement): VirtualNic {
  const backing = device.find('backing');
  const portgroup = backing?.textOf('port.portgroupKey');
  const network =
    backing?.refOf('network') ??
    // The key of a distributed port group is its managed object id.
    (portgroup ? { type: 'DistributedVirtualPortgroup', value: portgroup } : null);
  return {
    key: device.get('key').int(),
    label: deviceLabel(device),
    mac: (device.textOf('macAddress') ?? '').toLowerCase(),
    type: device.xsiType ?? '',
    network,
    networkName: backing?.textOf('deviceName') ?? null,
    connected: device.boolOf('connectable.connected'),
    startConnected: device.boolOf('connectable.startConnected'),
  };
}

const NIC_TYPES = /^Virtual(?:Vmxnet\d?|E1000e?|PCNet32|SriovEthernetCard|EthernetCard|Vmxnet3Vrdma)$/;

function bootDisk(properties: Properties): number | null {
  for (const device of properties.get('config.bootOptions')?.all('bootOrder') ?? [])
    if (device.xsiType === 'VirtualMachineBootOptionsBootableDiskDevice') return device.intOf('deviceKey');
  return null;
}

function addresses(properties: Properties): GuestAddress[] {
  return (properties.get('guest.net')?.all('GuestNicInfo') ?? []).flatMap((nic) =>
    (nic.find('ipConfig')?.all('ipAddress') ?? []).map((one) => ({
      mac: (nic.textOf('macAddress') ?? '').toLowerCase(),
      address: one.textOf('ipAddress') ?? '',
      prefix: one.intOf('prefixLength') ?? 0,
      origin: one.textOf('origin'),
    })),
  );
}

function countSnapshots(nodes: readonly XmlElement[]): number {
  return nodes.reduce((sum, node) => sum + 1 + countSnapshots(node.all('childSnapshotList')), 0);
}

/** Whether one of them is set. */
const anyFlag = (properties: Properties, ...paths: readonly string[]): boolean =>
  paths.some((path) => flag(properties, path));

/** @throws ProtocolError on a number that is none */
export function toMachine({ ref, properties }: ObjectProperties): VirtualMachine {
  const devices = properties.get('config.hardware.device')?.elements ?? [];
  const controllers = new Map<number, XmlElement>();
  for (const device of devices)
    if (device.xsiType?.endsWith('Controller') || device.find('busNumber'))
      controllers.set(device.intOf('key') ?? -1, device);
  return {
    ref,
    name: decodeName(text(properties, 'name') ?? ref.value),
    // A member of a vApp is in no folder itself.
    parent: (properties.get('parent') ?? properties.get('parentVApp'))?.ref() ?? null,
    powerState: (text(properties, 'runtime.powerState') ?? 'poweredOff') as VirtualMachine['powerState'],
    connectionState: text(properties, 'runtime.connectionState') ?? 'connected',
    instanceUuid: text(properties, 'config.instanceUuid'),
    biosUuid: text(properties, 'config.uuid'),
    template: flag(properties, 'config.template'),
    cpus: properties.get('config.hardware.numCPU')?.int() ?? 1,
    coresPerSocket: properties.get('config.hardware.numCoresPerSocket')?.int() ?? 1,
    memoryMiB: properties.get('config.hardware.memoryMB')?.int() ?? 0,
    firmware: text(properties, 'config.firmware') === 'efi' ? 'efi' : 'bios',
    secureBoot: properties.get('config.bootOptions')?.boolOf('efiSecureBootEnabled') ?? false,
    bootDiskKey: bootDisk(properties),
    tpm: devices.some((device) => device.xsiType === 'VirtualTPM'),
    encrypted: properties.has('config.keyId'),
    guestId: text(properties, 'config.guestId'),
    guestFullName: text(properties, 'config.guestFullName'),
    toolsRunning: text(properties, 'guest.toolsRunningStatus') === 'guestToolsRunning',
    hardwareVersion: text(properties, 'config.version'),
    changeTrackingEnabled: flag(properties, 'config.changeTrackingEnabled'),
    changeTrackingSupported: flag(properties, 'capability.changeTrackingSupported'),
    consolidationNeeded: flag(properties, 'runtime.consolidationNeeded'),
    snapshotCount: countSnapshots(properties.get('snapshot')?.all('rootSnapshotList') ?? []),
    host: properties.get('runtime.host')?.ref() ?? null,
    // "notConfigured" is the only state without it (VirtualMachineFaultToleranceState).
    faultTolerance: (text(properties, 'runtime.faultToleranceState') ?? 'notConfigured') !== 'notConfigured',
    cpuHotPlug: anyFlag(properties, 'config.cpuHotAddEnabled', 'config.cpuHotRemoveEnabled'),
    memoryHotPlug: flag(properties, 'config.memoryHotAddEnabled'),
    cpuAffinity: (properties.get('config.cpuAffinity')?.all('affinitySet') ?? []).length > 0,
    nestedVirtualization: flag(properties, 'config.nestedHVEnabled'),
    diskUuidEnabled: flag(properties, 'config.flags.diskUuidEnabled'),
    toolsStatus: text(properties, 'guest.toolsVersionStatus2'),
    committedBytes: bytesOf(properties, 'summary.storage.committed'),
    attached: attachedDevices(devices),
    disks: devices
      .filter((device) => device.xsiType === 'VirtualDisk')
      .map((device) => toDisk(device, controllers)),
    nics: devices.filter((device) => NIC_TYPES.test(device.xsiType ?? '')).map(toNic),
    addresses: addresses(properties),
  };
}

export function toHost({ ref, properties }: ObjectProperties): HostSystem {
  return {
    ref,
    name: text(properties, 'name') ?? ref.value,
    port: properties.get('summary.config.port')?.int() ?? 443,
    sslThumbprint: text(properties, 'summary.config.sslThumbprint'),
    connectionState: text(properties, 'runtime.connectionState') ?? 'connected',
  };
}

export function toDatastore({ ref, properties }: ObjectProperties): Datastore {
  return {
    ref,
    name: decodeName(text(properties, 'name') ?? ref.value),
    type: text(properties, 'summary.type') ?? '',
    capacity: safeBytes(properties.get('summary.capacity')?.long() ?? 0n, 'capacity'),
    free: safeBytes(properties.get('summary.freeSpace')?.long() ?? 0n, 'freeSpace'),
    accessible: text(properties, 'summary.accessible') !== 'false',
  };
}

export function toNetwork({ ref, properties }: ObjectProperties): Network {
  return { ref, name: decodeName(text(properties, 'name') ?? ref.value), kind: ref.type };
}

export function toContainer({ ref, properties }: ObjectProperties): Container {
  return {
    ref,
    name: text(properties, 'name') ?? ref.value,
    // A vApp's parent is its resource pool; the folder tells its path (VirtualApp.parentFolder, of a root vApp only).
    parent: (properties.get('parentFolder') ?? properties.get('parent'))?.ref() ?? null,
  };
}
