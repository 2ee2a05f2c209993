import type { ManagedRef } from '../xml/element.ts';

export interface VirtualDisk {
  readonly key: number;
  readonly label: string;
  /** `diskObjectId`: unique within the vCenter; stable like the key. */
  readonly objectId: string | null;
  /** Bytes. */
  readonly capacity: number;
  /** `[DS1] web/web.vmdk`; null for a backing without a file. */
  readonly fileName: string | null;
  readonly datastore: ManagedRef | null;
  readonly backingType: string;
  readonly mode: string | null;
  readonly thin: boolean;
  readonly shared: boolean;
  /** Its SCSI controller is shared with other machines. */
  readonly sharedBus: boolean;
  readonly encrypted: boolean;
  /** The file is a delta over another: a snapshot exists. */
  readonly hasParent: boolean;
  readonly changeId: string | null;
  readonly uuid: string | null;
  /**
   * Equal ids of a disk that no machine is writing to: equal content (vSphere API,
   * VirtualDiskFlatVer2BackingInfo.contentId).
   */
  readonly contentId: string | null;
  readonly controllerKey: number | null;
  readonly controllerType: string | null;
  readonly busNumber: number | null;
  readonly unitNumber: number | null;
}
export interface VirtualNic {
  readonly key: number;
  readonly label: string;
  readonly mac: string;
  /** Such as `VirtualVmxnet3`. */
  readonly type: string;
  readonly network: ManagedRef | null;
  readonly networkName: string | null;
  readonly connected: boolean;
  readonly startConnected: boolean;
}
export interface GuestAddress {
  readonly mac: string;
  readonly address: string;
  readonly prefix: number;
  /** NetIpConfigInfoIpAddressOrigin: `manual`, `dhcp`, `linklayer`, `random`, `other`; null: not told. */
  readonly origin: string | null;
}
/** A device beside disks and NICs that stands for something outside the machine. */
export interface AttachedDevice {
  readonly kind: 'pci' | 'usb' | 'cdrom' | 'floppy' | 'serial' | 'parallel';
  readonly label: string;
  /** A file, device or address; null: none is told. */
  readonly backing: string | null;
  /** At power on. */
  readonly connected: boolean;
}
export interface VirtualMachine {
  readonly ref: ManagedRef;
  readonly name: string;
  readonly parent: ManagedRef | null;
  readonly powerState: 'poweredOn' | 'poweredOff' | 'suspended';
  readonly connectionState: string;
  readonly instanceUuid: string | null;
  readonly biosUuid: string | null;
  readonly template: boolean;
  readonly cpus: number;
  readonly coresPerSocket: number;
  readonly memoryMiB: number;
  readonly firmware: 'bios' | 'efi';
  readonly secureBoot: boolean;
  readonly bootDiskKey: number | null;
  readonly tpm: boolean;
  readonly encrypted: boolean;
  readonly guestId: string | null;
  readonly guestFullName: string | null;
  readonly toolsRunning: boolean;
  readonly hardwareVersion: string | null;
  readonly changeTrackingEnabled: boolean;
  readonly changeTrackingSupported: boolean;
  readonly consolidationNeeded: boolean;
  readonly snapshotCount: number;
  readonly host: ManagedRef | null;
  readonly faultTolerance: boolean;
  readonly cpuHotPlug: boolean;
  readonly memoryHotPlug: boolean;
  readonly cpuAffinity: boolean;
  readonly nestedVirtualization: boolean;
  /** disk.EnableUUID: the guest sees serial numbers of disks. */
  readonly diskUuidEnabled: boolean;
  /** GuestInfo.toolsVersionStatus2, such as `guestToolsNotInstalled`; null: not told. */
  readonly toolsStatus: string | null;
  /** Bytes of all its files on datastores; null: not told. */
  readonly committedBytes: number | null;
  readonly attached: readonly AttachedDevice[];
  readonly disks: readonly VirtualDisk[];
  readonly nics: readonly VirtualNic[];
  readonly addresses: readonly GuestAddress[];
}
export interface HostSystem {
  readonly ref: ManagedRef;
  readonly name: string;
  readonly port: number;
  readonly sslThumbprint: string | null;
  readonly connectionState: string;
}
export interface Datastore {
  readonly ref: ManagedRef;
  readonly name: string;
  /** VMFS, NFS, NFS41, vsan, VVOL. */
  readonly type: string;
  /** Bytes. */
  readonly capacity: number;
  readonly free: number;
  readonly accessible: boolean;
}
export interface Network {
  readonly ref: ManagedRef;
  readonly name: string;
  /** `Network`, `DistributedVirtualPortgroup` or `OpaqueNetwork`. */
  readonly kind: string;
}
/** Names and parents, for paths. */
export interface Container {
  readonly ref: ManagedRef;
  readonly name: string;
  readonly parent: ManagedRef | null;
}
