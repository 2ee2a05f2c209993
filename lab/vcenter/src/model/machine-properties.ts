import {
  bool,
  data,
  enumeration,
  int,
  list,
  long,
  refs,
  refValue,
  str,
  time,
  type Value,
} from '../soap/values.ts';
import { escapedName, refsUnique } from './names.ts';
import type { Properties } from './inventory.ts';
import { devices, option, type Lookup } from './machine-devices.ts';
import type { Machine, Snapshot } from './machine.ts';
import { guestInfo } from './machine-guest.ts';
import { CONTROLLERS } from './machine-disk.ts';

/** The vSphere properties of a machine. */
export function machineProperties(machine: Machine, lookup: Lookup): Properties {
  const { pool, vApp } = machine.placement;
  return {
    name: () => str(escapedName(machine.name)),
    parent: () => (vApp === undefined ? refValue(machine.placement.folder) : undefined),
    parentVApp: () => (vApp === undefined ? undefined : refValue(vApp)),
    config: () => config(machine, lookup),
    summary: () => summary(machine),
    runtime: () => runtime(machine),
    guest: () => guestInfo(machine),
    snapshot: () => snapshotInfo(machine),
    rootSnapshot: () => refs(machine.snapshots.filter((s) => s.parent === undefined).map((s) => s.ref)),
    capability: () => capability(),
    datastore: () => refs(refsUnique(machine.disks.map((d) => lookup.datastore(d.datastore)))),
    network: () => refs(refsUnique((machine.spec.nics ?? []).map((n) => lookup.network(n.network)?.ref))),
    resourcePool: () => (machine.spec.template === true ? undefined : refValue(vApp ?? pool)),
    recentTask: () => refs(machine.recentTasks),
    layoutEx: () => layout(machine),
    overallStatus: () => enumeration('ManagedEntityStatus', 'green'),
    configStatus: () => enumeration('ManagedEntityStatus', 'green'),
    guestHeartbeatStatus: () =>
      enumeration('ManagedEntityStatus', machine.power === 'poweredOn' ? 'green' : 'gray'),
    customValue: () => list('CustomFieldValue', []),
    availableField: () => list('CustomFieldDef', []),
    disabledMethod: () => list('string', []),
    permission: () => list('Permission', []),
    tag: () => list('Tag', []),
  };
}

/** VirtualMachineConfigInfo of the machine now, or as a snapshot holds it. */
export function config(machine: Machine, lookup: Lookup, snapshot?: Snapshot): Value {
  const { spec } = machine;
  const firmware = spec.firmware ?? 'bios';
  const store = machine.disks[0]?.datastore ?? 'vmfs1';
  const path = (suffix: string): Value => str(`[${store}] ${machine.directory}/${suffix}`);
  return data('VirtualMachineConfigInfo', {
    changeVersion: str(String(machine.changeVersion)),
    modified: time(new Date(0)),
    name: str(escapedName(machine.name)),
    guestFullName: str(spec.guestFullName ?? 'Debian GNU/Linux 12 (64-bit)'),
    version: str('vmx-19'),
    uuid: str(machine.uuid),
    createDate: time(new Date(0)),
    instanceUuid: str(machine.instanceUuid),
    template: bool(spec.template ?? false),
    guestId: str(spec.guestId ?? 'debian12_64Guest'),
    alternateGuestName: str(''),
    annotation: str(machine.annotation),
    files: data('VirtualMachineFileInfo', {
      vmPathName: path(`${machine.directory}.vmx`),
      snapshotDirectory: path(''),
      suspendDirectory: path(''),
      logDirectory: path(''),
    }),
    flags: data('VirtualMachineFlagInfo', {
      snapshotDisabled: bool(false),
      snapshotLocked: bool(false),
      diskUuidEnabled: bool(true),
      snapshotPowerOffBehavior: str('powerOff'),
    }),
    defaultPowerOps: data('VirtualMachineDefaultPowerOpInfo', { powerOffType: str('soft') }),
    hardware: data('VirtualHardware', {
      numCPU: int(spec.cpus ?? 1),
      numCoresPerSocket: int(spec.coresPerSocket ?? 1),
      memoryMB: int(spec.memoryMiB ?? 512),
      virtualICH7MPresent: bool(false),
      virtualSMCPresent: bool(false),
      device: devices(machine, lookup, snapshot),
    }),
    extraConfig: list('OptionValue', extraConfig(machine)),
    bootOptions: data('VirtualMachineBootOptions', {
      bootDelay: long(0),
      enterBIOSSetup: bool(false),
      efiSecureBootEnabled: bool(spec.secureBoot ?? false),
    }),
    cpuHotAddEnabled: bool(spec.hotAdd ?? false),
    cpuHotRemoveEnabled: bool(false),
    memoryHotAddEnabled: bool(spec.hotAdd ?? false),
    cpuAffinity:
      spec.cpuAffinity === undefined
        ? undefined
        : data('VirtualMachineAffinityInfo', { affinitySet: list('int', spec.cpuAffinity.map(int)) }),
    changeTrackingEnabled: bool(machine.trackingWanted),
    firmware: str(firmware),
    nestedHVEnabled: bool(spec.nestedVirtualization ?? false),
  });
}

function extraConfig(machine: Machine): readonly Value[] {
  const options = [option('svga.present', 'TRUE')];
  if (!machine.trackingWanted) return options;
  options.push(option('ctkEnabled', 'TRUE'));
  if (!machine.trackingActive) return options;
  for (const disk of machine.disks) {
    const kind = CONTROLLERS[disk.spec.controller ?? 'pvscsi'];
    const bus = { 1000: 'scsi', 31000: 'nvme', 15000: 'sata', 200: 'ide' }[kind.key] ?? 'scsi';
    options.push(option(`${bus}${disk.bus}:${disk.unit}.ctkEnabled`, 'TRUE'));
  }
  return options;
}

function runtime(machine: Machine): Value {
  return data('VirtualMachineRuntimeInfo', {
    host: refValue(machine.placement.host),
    connectionState: enumeration('VirtualMachineConnectionState', 'connected'),
    powerState: enumeration('VirtualMachinePowerState', machine.power),
    faultToleranceState: enumeration(
      'VirtualMachineFaultToleranceState',
      machine.spec.faultTolerance === true ? 'running' : 'notConfigured',
    ),
    toolsInstallerMounted: bool(false),
    bootTime: machine.bootedAt === undefined ? undefined : time(machine.bootedAt),
    onlineStandby: bool(false),
    consolidationNeeded: bool(machine.spec.consolidationNeeded ?? false),
  });
}

function summary(machine: Machine): Value {
  const { spec } = machine;
  const guest = guestInfo(machine);
  const field = (name: string): Value | undefined => (guest.kind === 'data' ? guest.fields[name] : undefined);
  return data('VirtualMachineSummary', {
    vm: refValue(machine.ref),
    runtime: runtime(machine),
    guest: data('VirtualMachineGuestSummary', {
      guestId: field('guestId'),
      guestFullName: field('guestFullName'),
      toolsStatus: field('toolsStatus'),
      toolsVersionStatus2: field('toolsVersionStatus2'),
      toolsRunningStatus: field('toolsRunningStatus'),
      hostName: field('hostName'),
      ipAddress: field('ipAddress'),
    }),
    config: data('VirtualMachineConfigSummary', {
      name: str(escapedName(machine.name)),
      template: bool(spec.template ?? false),
      vmPathName: str(
        `[${machine.disks[0]?.datastore ?? 'vmfs1'}] ${machine.directory}/${machine.directory}.vmx`,
      ),
      memorySizeMB: int(spec.memoryMiB ?? 512),
      numCpu: int(spec.cpus ?? 1),
      numEthernetCards: int(spec.nics?.length ?? 0),
      numVirtualDisks: int(machine.disks.length),
      uuid: str(machine.uuid),
      instanceUuid: str(machine.instanceUuid),
      guestId: str(spec.guestId ?? 'debian12_64Guest'),
      guestFullName: str(spec.guestFullName ?? 'Debian GNU/Linux 12 (64-bit)'),
      annotation: str(machine.annotation),
      tpmPresent: bool(false),
    }),
    storage: data('VirtualMachineStorageSummary', {
      committed: long(machine.disks.reduce((sum, d) => sum + d.disk.size, 0)),
      uncommitted: long(0),
      unshared: long(0),
      timestamp: time(new Date(0)),
    }),
    quickStats: data('VirtualMachineQuickStats', {
      guestHeartbeatStatus: enumeration('ManagedEntityStatus', 'green'),
      balloonedMemory: int(0),
    }),
    overallStatus: enumeration('ManagedEntityStatus', 'green'),
  });
}

function snapshotInfo(machine: Machine): Value | undefined {
  const roots = machine.snapshots.filter((s) => s.parent === undefined);
  if (roots.length === 0) return undefined;
  return data('VirtualMachineSnapshotInfo', {
    currentSnapshot: machine.current === undefined ? undefined : refValue(machine.current.ref),
    rootSnapshotList: list(
      'VirtualMachineSnapshotTree',
      roots.map((s) => tree(machine, s)),
    ),
  });
}

function tree(machine: Machine, snapshot: Snapshot): Value {
  const below = machine.snapshots.filter((s) => s.parent === snapshot);
  return data('VirtualMachineSnapshotTree', {
    snapshot: refValue(snapshot.ref),
    vm: refValue(machine.ref),
    name: str(escapedName(snapshot.name)),
    description: str(snapshot.description),
    id: int(snapshot.number),
    createTime: time(snapshot.created),
    state: enumeration('VirtualMachinePowerState', snapshot.state),
    quiesced: bool(snapshot.quiesced),
    childSnapshotList: list(
      'VirtualMachineSnapshotTree',
      below.map((s) => tree(machine, s)),
    ),
    replaySupported: bool(false),
  });
}

/** Properties of a VirtualMachineSnapshot object. */
export function snapshotProperties(machine: Machine, snapshot: Snapshot, lookup: Lookup): Properties {
  return {
    config: () => config(machine, lookup, snapshot),
    childSnapshot: () => refs(machine.snapshots.filter((s) => s.parent === snapshot).map((s) => s.ref)),
    vm: () => refValue(machine.ref),
    value: () => list('CustomFieldValue', []),
    availableField: () => list('CustomFieldDef', []),
  };
}

function capability(): Value {
  return data('VirtualMachineCapability', {
    snapshotOperationsSupported: bool(true),
    multipleSnapshotsSupported: bool(true),
    snapshotConfigSupported: bool(true),
    poweredOffSnapshotsSupported: bool(true),
    memorySnapshotsSupported: bool(true),
    revertToSnapshotSupported: bool(true),
    quiescedSnapshotsSupported: bool(true),
    changeTrackingSupported: bool(true),
    secureBootSupported: bool(true),
  });
}

function layout(machine: Machine): Value {
  const files: Value[] = [];
  const disks: Value[] = [];
  for (const disk of machine.disks) {
    const links = machine.parentPaths(disk).toReversed().concat(machine.currentPath(disk));
    const chain = links.map((link, n) => {
      const first = files.length;
      const flat = link.replace(/\.vmdk$/, n === 0 ? '-flat.vmdk' : '-delta.vmdk');
      files.push(file(first, `[${disk.datastore}] ${link}`, 'diskDescriptor', 512));
      files.push(file(first + 1, `[${disk.datastore}] ${flat}`, 'diskExtent', n === 0 ? disk.disk.size : 0));
      return data('VirtualMachineFileLayoutExDiskUnit', {
        fileKey: list('int', [int(first), int(first + 1)]),
      });
    });
    disks.push(
      data('VirtualMachineFileLayoutExDiskLayout', {
        key: int(disk.key),
        chain: list('VirtualMachineFileLayoutExDiskUnit', chain),
      }),
    );
  }
  return data('VirtualMachineFileLayoutEx', {
    file: list('VirtualMachineFileLayoutExFileInfo', files),
    disk: list('VirtualMachineFileLayoutExDiskLayout', disks),
    timestamp: time(new Date(0)),
  });
}

function file(key: number, name: string, type: string, size: number): Value {
  return data('VirtualMachineFileLayoutExFileInfo', {
    key: int(key),
    name: str(name),
    type: str(type),
    size: long(size),
    uniqueSize: long(size),
    accessible: bool(true),
  });
}
