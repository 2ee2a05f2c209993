/** What a source holds, in words that fit any hypervisor. Refs are the source's own ids (vSphere: morefs). */

export type PowerState = 'on' | 'off' | 'suspended';
export type Firmware = 'bios' | 'uefi';
export type OsType = 'linux' | 'windows' | 'other';
export type DiskBus = 'scsi' | 'sata' | 'ide' | 'nvme';

export interface InstanceDisk {
  /** The device key: stable while the instance lives. With `objectId` it names the disk; never its file. */
  readonly key: string;
  readonly objectId: string;
  readonly label: string;
  readonly capacityBytes: number;
  readonly bus: DiskBus;
  /** Controller model as the source names it, such as `pvscsi`. */
  readonly controller: string;
  readonly datastoreRef: string | null;
  readonly datastoreName: string | null;
  /** Backing file, for people and for the datastore transport. */
  readonly path: string | null;
  readonly thin: boolean;
  /** Reasons why no transport can read it: raw device mapping, multi-writer, independent, encrypted… */
  readonly obstacles: readonly string[];
  /** True when the backing is a delta link over another file (a snapshot exists). */
  readonly delta: boolean;
  /** Left out of snapshots (vSphere: independent); absent: not told. */
  readonly independent?: boolean;
  /** Its controller is shared with other machines (vSphere: SCSI bus sharing); absent: not told. */
  readonly sharedBus?: boolean;
}

export interface IpAddress {
  readonly address: string;
  readonly prefix: number;
  /** How the guest came by it, where it tells. */
  readonly origin?: 'static' | 'dhcp';
}

/** What a machine has beside disks and NICs, and a target will not. */
export interface InstanceDevice {
  readonly kind: 'pci' | 'usb' | 'cdrom' | 'floppy' | 'serial' | 'parallel';
  readonly label: string;
  /** What stands behind it, such as the path of an ISO image. */
  readonly backing: string | null;
  readonly connected: boolean;
}

/** What no copy needs, but preflight looks at. */
export interface InstanceTraits {
  readonly devices: readonly InstanceDevice[];
  readonly faultTolerance: boolean;
  readonly consolidationNeeded: boolean;
  readonly cpuHotPlug: boolean;
  readonly memoryHotPlug: boolean;
  /** Bound to certain processors of its host. */
  readonly cpuAffinity: boolean;
  /** The guest may run machines of its own. */
  readonly nestedVirtualization: boolean;
  /** Disks show their serial numbers to the guest. */
  readonly diskSerials: boolean;
  readonly toolsInstalled: boolean | null;
  /** Bytes on datastores of all its files, snapshots and swap included; null: not told. */
  readonly usedBytes: number | null;
}

export interface InstanceNic {
  readonly key: string;
  readonly label: string;
  /** Lower case, colons. */
  readonly mac: string;
  readonly model: string;
  readonly networkRef: string | null;
  readonly networkName: string | null;
  readonly connected: boolean;
  /** As last reported by the guest; link-local left out. */
  readonly addresses: readonly IpAddress[];
}

export interface Instance {
  readonly ref: string;
  readonly name: string;
  /** Folder path, data centre first, separated by `/`; slashes inside names are kept as `%2f`. */
  readonly path: string;
  readonly uuid: string | null;
  readonly powerState: PowerState;
  readonly connected: boolean;
  readonly template: boolean;
  readonly cpus: number;
  readonly coresPerSocket: number;
  readonly memoryMiB: number;
  readonly firmware: Firmware;
  readonly secureBoot: boolean;
  readonly tpm: boolean;
  readonly encrypted: boolean;
  readonly guestId: string | null;
  readonly guestName: string | null;
  readonly osType: OsType;
  readonly toolsRunning: boolean;
  readonly changeTracking: { readonly supported: boolean; readonly enabled: boolean };
  readonly snapshotCount: number;
  readonly hostRef: string | null;
  readonly hostName: string | null;
  /** The first is the boot disk unless the source's boot order says otherwise. */
  readonly disks: readonly InstanceDisk[];
  readonly bootDiskKey: string | null;
  readonly nics: readonly InstanceNic[];
  /** Absent: the inventory was read by a version that did not ask for it, or the source does not tell. */
  readonly traits?: InstanceTraits;
}

/** The disk that the machine boots from; null: it has none. */
export function bootDiskOf({
  disks,
  bootDiskKey,
}: Pick<Instance, 'disks' | 'bootDiskKey'>): InstanceDisk | null {
  return disks.find((disk) => disk.key === bootDiskKey) ?? disks[0] ?? null;
}

export interface SourceNetwork {
  readonly ref: string;
  readonly name: string;
  readonly kind: string;
}
export interface SourceDatastore {
  readonly ref: string;
  readonly name: string;
  readonly kind: string;
  readonly capacityBytes: number | null;
  readonly freeBytes: number | null;
}
export interface SourceHost {
  readonly ref: string;
  readonly name: string;
  readonly address: string | null;
  readonly connected: boolean;
}

export type InventoryKind = 'instance' | 'network' | 'datastore' | 'host';
export type InventoryObject =
  | { readonly kind: 'instance'; readonly data: Instance }
  | { readonly kind: 'network'; readonly data: SourceNetwork }
  | { readonly kind: 'datastore'; readonly data: SourceDatastore }
  | { readonly kind: 'host'; readonly data: SourceHost };
