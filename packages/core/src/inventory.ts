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
}

export interface IpAddress {
  readonly address: string;
  readonly prefix: number;
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
