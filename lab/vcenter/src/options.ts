/** What a test asks of the fake vCenter. */

export type Firmware = 'bios' | 'efi';
export type PowerState = 'poweredOn' | 'poweredOff' | 'suspended';
export type ControllerKind = 'pvscsi' | 'lsilogic' | 'nvme' | 'ahci' | 'ide';

/** Where a disk's first bytes come from. */
export type DiskSource =
  /** A raw image; it is copied, never changed. */
  | { readonly file: string }
  /** Repeatable pseudo-random bytes in the extents given (bytes); zeros elsewhere. */
  | { readonly pattern: number; readonly dataExtents?: readonly { offset: number; length: number }[] };

export interface DiskSpec {
  /** Bytes, a multiple of 512, or 0. */
  readonly sizeBytes: number;
  readonly source?: DiskSource;
  /**
   * A streamOptimized VMDK of the source's bytes, which exports send until the disk is written to: a real host packs with
   * processors of its own. Packed anew for each export unless given.
   */
  readonly packed?: string;
  readonly thin?: boolean;
  readonly controller?: ControllerKind;
  readonly datastore?: string;
  readonly mode?: string;
  /** Sharing of its SCSI controller. */
  readonly sharedBus?: 'noSharing' | 'physicalSharing' | 'virtualSharing';
}

/** A device beside disks and NICs. */
export interface DeviceSpec {
  readonly kind: 'pci' | 'usb' | 'cdrom' | 'floppy' | 'serial' | 'parallel';
  /** An ISO image, a device of the host, a pipe: what such a device is joined to. */
  readonly backing?: string;
  readonly startConnected?: boolean;
}

export interface NicSpec {
  readonly mac: string;
  readonly network: string;
  readonly type?: 'vmxnet3' | 'e1000' | 'e1000e';
  readonly ip?: string;
  /** Prefix length of `ip`; 24 unless told. */
  readonly prefix?: number;
  /** NetIpConfigInfoIpAddressOrigin of `ip`. */
  readonly origin?: 'manual' | 'dhcp';
}

export interface MachineSpec {
  readonly name: string;
  readonly firmware?: Firmware;
  readonly secureBoot?: boolean;
  readonly cpus?: number;
  readonly coresPerSocket?: number;
  readonly memoryMiB?: number;
  readonly guestId?: string;
  readonly guestFullName?: string;
  readonly hostName?: string;
  readonly powerState?: PowerState;
  readonly toolsRunning?: boolean;
  readonly shutdownBehaviour?: 'obeys' | 'never';
  /** Folders below the datacenter's vm folder, outermost first. */
  readonly folder?: readonly string[];
  /** Name of the vApp that holds it, in that folder; made where it is missing. */
  readonly vApp?: string;
  readonly template?: boolean;
  readonly annotation?: string;
  readonly disks?: readonly DiskSpec[];
  readonly nics?: readonly NicSpec[];
  readonly devices?: readonly DeviceSpec[];
  readonly hotAdd?: boolean;
  /** Processors of the host that it is bound to. */
  readonly cpuAffinity?: readonly number[];
  readonly nestedVirtualization?: boolean;
  readonly faultTolerance?: boolean;
  readonly consolidationNeeded?: boolean;
}

export interface DatastoreSpec {
  readonly name: string;
  readonly type: 'VMFS' | 'NFS' | 'NFS41' | 'vsan' | 'VVOL';
  readonly capacityBytes?: number;
}

export interface NetworkSpec {
  readonly name: string;
  readonly kind: 'standard' | 'distributed';
}

export interface VCenterOptions {
  readonly host?: string;
  /** Port of the vCenter listener; 0 takes a free one. */
  readonly port?: number;
  /** Port of the ESXi listener; 0 takes a free one. */
  readonly esxiPort?: number;
  readonly username?: string;
  readonly password?: string;
  /** Directory for disk files; a temporary one, removed at close, unless given. */
  readonly stateDir?: string;
  readonly machines?: readonly MachineSpec[];
  /** How many small machines without disk content to add. */
  readonly extraMachines?: number;
  readonly datacenter?: string;
  readonly hosts?: number;
  readonly datastores?: readonly DatastoreSpec[];
  readonly networks?: readonly NetworkSpec[];
  readonly apiVersion?: string;
  readonly leaseTimeoutSeconds?: number;
  /** Milliseconds a lease stays `initializing`. */
  readonly leaseReadyMs?: number;
  /**
   * `session`: a lease is known to its session only, as the reference of a real one, which begins with
   * `session[...]`, suggests; others are told that there is none. `any` (default): every session knows it.
   */
  readonly leaseScope?: 'session' | 'any';
  /** `star` gives `https://*` in device URLs, as a bare ESXi does. */
  readonly leaseHost?: 'explicit' | 'star';
  readonly sessionLimit?: number;
  /** Seconds a session may idle. */
  readonly sessionIdleSeconds?: number;
  /** Milliseconds each task takes. */
  readonly taskMs?: number;
  /** Milliseconds of tasks that take another time, by method: `{ "CreateSnapshot_Task": 500 }`. */
  readonly taskMsOf?: Readonly<Record<string, number>>;
  /** Milliseconds after its end for which a task is known; without end unless given. At 0 nobody sees it end. */
  readonly taskMemoryMs?: number;
  /** Milliseconds RemoveSnapshot_Task takes to consolidate. */
  readonly consolidateMs?: number;
  /** Milliseconds an obedient guest takes to shut down. */
  readonly shutdownMs?: number;
  /** Most areas in one QueryChangedDiskAreas answer. */
  readonly changedAreasLimit?: number;
  /** `descending`: areas come in the wrong order, as no vCenter should give them. */
  readonly changedAreasOrder?: 'ascending' | 'descending';
  /** Most objects in one page of the property collector, whatever the client asks. */
  readonly pageLimit?: number;
  /** `cycle`: the snapshot that first stuns a running machine carries no change id yet; `create`: it does. */
  readonly trackingStartsAt?: 'cycle' | 'create';
  /** SHA-1 by which vCenter knows its hosts; the ESXi's own unless told. */
  readonly hostThumbprint?: string;
  /** Answer /folder ranges with 200 and the whole file. */
  readonly ignoreRange?: boolean;
  /** Properties that the user may not read, by type and path: `Task.info.error`. Waits tell them as missing. */
  readonly hiddenProperties?: readonly string[];
  /** Privileges that the user lacks; with `@` and a ref, on that entity only. */
  readonly missingPrivileges?: readonly string[];
  /** Of exports: 1 (default) to 6 as an ESXi; 0 stores, which is several times faster with incompressible data. */
  readonly compressionLevel?: number;
  readonly certificates?: { readonly vcenter?: PemPair; readonly esxi?: PemPair };
}

export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export type Settings = Required<
  Omit<VCenterOptions, 'stateDir' | 'certificates' | 'machines' | 'extraMachines'>
> & {
  readonly stateDir: string;
};

/** Fills in the defaults. */
export function settingsOf(options: VCenterOptions, stateDir: string): Settings {
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    esxiPort: options.esxiPort ?? 0,
    username: options.username ?? 'administrator@vsphere.local',
    password: options.password ?? 'fake-vcenter-password',
    stateDir,
    datacenter: options.datacenter ?? 'DC0',
    hosts: options.hosts ?? 2,
    datastores: options.datastores ?? [
      { name: 'vmfs1', type: 'VMFS' },
      { name: 'nfs1', type: 'NFS' },
    ],
    networks: options.networks ?? [
      { name: 'VM Network', kind: 'standard' },
      { name: 'dvpg-prod', kind: 'distributed' },
    ],
    apiVersion: options.apiVersion ?? '8.0.2.0',
    leaseTimeoutSeconds: options.leaseTimeoutSeconds ?? 300,
    leaseReadyMs: options.leaseReadyMs ?? 10,
    leaseHost: options.leaseHost ?? 'explicit',
    sessionLimit: options.sessionLimit ?? 100,
    sessionIdleSeconds: options.sessionIdleSeconds ?? 1800,
    taskMs: options.taskMs ?? 5,
    taskMsOf: options.taskMsOf ?? {},
    taskMemoryMs: options.taskMemoryMs ?? Number.POSITIVE_INFINITY,
    leaseScope: options.leaseScope ?? 'any',
    consolidateMs: options.consolidateMs ?? 20,
    shutdownMs: options.shutdownMs ?? 50,
    changedAreasLimit: options.changedAreasLimit ?? 2000,
    changedAreasOrder: options.changedAreasOrder ?? 'ascending',
    pageLimit: options.pageLimit ?? 100,
    trackingStartsAt: options.trackingStartsAt ?? 'cycle',
    hostThumbprint: options.hostThumbprint ?? '',
    ignoreRange: options.ignoreRange ?? false,
    hiddenProperties: options.hiddenProperties ?? [],
    missingPrivileges: options.missingPrivileges ?? [],
    compressionLevel: options.compressionLevel ?? 1,
  };
}
