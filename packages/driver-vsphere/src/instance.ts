import type {
  DiskBus,
  Instance,
  InstanceDisk,
  InstanceNic,
  InstanceTraits,
  OsType,
  PowerState,
} from '@guts/core';
import type { VirtualDisk, VirtualMachine, VirtualNic } from '@guts/vsphere';

/** Names of what a machine refers to. */
export interface Names {
  /** Path of the folder that holds it, data centre first. */
  readonly folder: string;
  of(ref: { readonly value: string } | null): string | null;
}

const CONTROLLERS: Readonly<Record<string, { bus: DiskBus; model: string }>> = {
  ParaVirtualSCSIController: { bus: 'scsi', model: 'pvscsi' },
  VirtualLsiLogicController: { bus: 'scsi', model: 'lsilogic' },
  VirtualLsiLogicSASController: { bus: 'scsi', model: 'lsisas' },
  VirtualBusLogicController: { bus: 'scsi', model: 'buslogic' },
  VirtualAHCIController: { bus: 'sata', model: 'ahci' },
  VirtualNVMEController: { bus: 'nvme', model: 'nvme' },
  VirtualIDEController: { bus: 'ide', model: 'ide' },
};

function obstacles(disk: VirtualDisk): string[] {
  const found: string[] = [];
  if (/RawDisk/.test(disk.backingType)) found.push('it is a raw device mapping');
  else if (disk.fileName === null) found.push(`its backing (${disk.backingType}) is no file`);
  if (disk.shared) found.push('it is shared with other machines (multi-writer)');
  if (disk.encrypted) found.push('it is encrypted');
  if (disk.mode === 'independent_nonpersistent')
    found.push('it is independent-nonpersistent: what is written to it is lost at power off');
  return found;
}

function toDisk(disk: VirtualDisk, names: Names): InstanceDisk {
  const controller = CONTROLLERS[disk.controllerType ?? ''];
  return {
    key: String(disk.key),
    objectId: disk.objectId ?? disk.uuid ?? String(disk.key),
    label: disk.label,
    capacityBytes: disk.capacity,
    bus: controller?.bus ?? 'scsi',
    controller: controller?.model ?? disk.controllerType ?? 'unknown',
    datastoreRef: disk.datastore?.value ?? null,
    datastoreName: names.of(disk.datastore),
    path: disk.fileName,
    thin: disk.thin,
    obstacles: obstacles(disk),
    delta: disk.hasParent,
    independent: disk.mode?.startsWith('independent') ?? false,
    sharedBus: disk.sharedBus,
  };
}

const isLinkLocal = (address: string): boolean => /^(fe[89ab][0-9a-f]:|169\.254\.)/i.test(address);

function originOf(origin: string | null): { origin?: 'static' | 'dhcp' } {
  if (origin === 'manual') return { origin: 'static' };
  return origin === 'dhcp' ? { origin } : {};
}

function toTraits(machine: VirtualMachine): InstanceTraits {
  const { toolsStatus } = machine;
  return {
    devices: machine.attached,
    faultTolerance: machine.faultTolerance,
    consolidationNeeded: machine.consolidationNeeded,
    cpuHotPlug: machine.cpuHotPlug,
    memoryHotPlug: machine.memoryHotPlug,
    cpuAffinity: machine.cpuAffinity,
    nestedVirtualization: machine.nestedVirtualization,
    diskSerials: machine.diskUuidEnabled,
    toolsInstalled: toolsStatus === null ? null : toolsStatus !== 'guestToolsNotInstalled',
    usedBytes: machine.committedBytes,
  };
}

function toNic(nic: VirtualNic, machine: VirtualMachine, names: Names): InstanceNic {
  return {
    key: String(nic.key),
    label: nic.label,
    mac: nic.mac,
    model: nic.type.replace(/^Virtual/, '').toLowerCase(),
    networkRef: nic.network?.value ?? null,
    networkName: names.of(nic.network) ?? nic.networkName,
    // Of a machine that is off no NIC is connected: what counts is what happens at power on.
    connected: machine.powerState === 'poweredOn' ? nic.connected : nic.startConnected,
    addresses: machine.addresses
      .filter((one) => one.mac === nic.mac && one.address !== '' && !isLinkLocal(one.address))
      .map(({ address, prefix, origin }) => ({ address, prefix, ...originOf(origin) })),
  };
}

const LINUX =
  /linux|debian|ubuntu|rhel|redhat|centos|rocky|alma|oracle|sles|suse|fedora|photon|amazon|coreos|mandr|turbo|asianux|crxpod|vmwarephoton/i;

/** From VirtualMachineGuestOsIdentifier (vSphere API). */
export function osType(guestId: string | null): OsType {
  if (guestId === null) return 'other';
  if (/^win/i.test(guestId)) return 'windows';
  return LINUX.test(guestId) ? 'linux' : 'other';
}

const POWER: Readonly<Record<VirtualMachine['powerState'], PowerState>> = {
  poweredOn: 'on',
  poweredOff: 'off',
  suspended: 'suspended',
};

export function powerOf(state: VirtualMachine['powerState']): PowerState {
  return POWER[state];
}

export function toInstance(machine: VirtualMachine, names: Names): Instance {
  const encoded = machine.name.replaceAll('/', '%2f');
  return {
    ref: machine.ref.value,
    name: machine.name,
    path: names.folder === '' ? encoded : `${names.folder}/${encoded}`,
    uuid: machine.instanceUuid ?? machine.biosUuid,
    powerState: powerOf(machine.powerState),
    connected: machine.connectionState === 'connected',
    template: machine.template,
    cpus: machine.cpus,
    coresPerSocket: machine.coresPerSocket,
    memoryMiB: machine.memoryMiB,
    firmware: machine.firmware === 'efi' ? 'uefi' : 'bios',
    secureBoot: machine.secureBoot,
    tpm: machine.tpm,
    encrypted: machine.encrypted,
    guestId: machine.guestId,
    guestName: machine.guestFullName,
    osType: osType(machine.guestId),
    toolsRunning: machine.toolsRunning,
    changeTracking: { supported: machine.changeTrackingSupported, enabled: machine.changeTrackingEnabled },
    snapshotCount: machine.snapshotCount,
    hostRef: machine.host?.value ?? null,
    hostName: names.of(machine.host),
    disks: machine.disks.map((disk) => toDisk(disk, names)),
    bootDiskKey: machine.bootDiskKey === null ? null : String(machine.bootDiskKey),
    nics: machine.nics.map((nic) => toNic(nic, machine, names)),
    traits: toTraits(machine),
  };
}
