import { randomUUID } from 'node:crypto';
import type { ContentId } from '../disk/content-id.ts';
import type { Disk, FrozenDisk } from '../disk/disk.ts';
import type { Tracking, TrackingMoment } from '../disk/tracking.ts';
import type { ControllerKind, DiskSpec } from '../options.ts';

/** Where a controller kind puts its controllers and disks; keys as ESXi gives them. */
export const CONTROLLERS: Readonly<
  Record<ControllerKind, { type: string; key: number; diskKey: number; perBus: number; label: string }>
> = {
  pvscsi: {
    type: 'ParaVirtualSCSIController',
    key: 1000,
    diskKey: 2000,
    perBus: 16,
    label: 'SCSI controller',
  },
  lsilogic: {
    type: 'VirtualLsiLogicController',
    key: 1000,
    diskKey: 2000,
    perBus: 16,
    label: 'SCSI controller',
  },
  nvme: { type: 'VirtualNVMEController', key: 31000, diskKey: 32000, perBus: 16, label: 'NVME controller' },
  ahci: { type: 'VirtualAHCIController', key: 15000, diskKey: 16000, perBus: 30, label: 'SATA controller' },
  ide: { type: 'VirtualIDEController', key: 200, diskKey: 3000, perBus: 2, label: 'IDE' },
};

/** One virtual disk of a machine, with its bytes and its change tracking. */
export interface MachineDisk {
  readonly spec: DiskSpec;
  readonly disk: Disk;
  readonly key: number;
  readonly controllerKey: number;
  readonly bus: number;
  readonly unit: number;
  readonly uuid: string;
  readonly objectNumber: number;
  readonly datastore: string;
  /** `dir/name.vmdk` on the datastore, without snapshots. */
  readonly basePath: string;
  readonly tracking: Tracking;
  readonly content: ContentId;
}

/** One disk as a snapshot froze it. */
export interface SnapshotDisk {
  readonly key: number;
  readonly view: FrozenDisk;
  /** The path the disk's current link had when the snapshot was taken. */
  readonly path: string;
  readonly parents: readonly string[];
  readonly contentId: string;
  /** Present when tracking was active. */
  readonly moment: TrackingMoment | undefined;
}

/** Gives the controller, unit and keys for the disks of a machine, in their order. */
export function placeDisks(
  specs: readonly DiskSpec[],
): readonly { controllerKey: number; bus: number; unit: number; key: number }[] {
  const used = new Map<ControllerKind, number>();
  const scsiBus = new Map<ControllerKind, number>();
  return specs.map((spec) => {
    const kind = spec.controller ?? 'pvscsi';
    const place = CONTROLLERS[kind];
    const index = used.get(kind) ?? 0;
    used.set(kind, index + 1);
    const isScsi = place.key === 1000;
    if (isScsi && !scsiBus.has(kind)) scsiBus.set(kind, scsiBus.size);
    const bus = isScsi ? (scsiBus.get(kind) ?? 0) : Math.floor(index / place.perBus);
    // Unit 7 is the SCSI controller itself.
    const unit = isScsi ? (index >= 7 ? index + 1 : index) : index % place.perBus;
    return { controllerKey: place.key + bus, bus, unit, key: place.diskKey + bus * place.perBus + unit };
  });
}

/** The name of the `n`th delta link of a disk: `a/b.vmdk` becomes `a/b-000001.vmdk`. */
export function linkPath(basePath: string, n: number): string {
  return n === 0 ? basePath : basePath.replace(/\.vmdk$/, `-${String(n).padStart(6, '0')}.vmdk`);
}

export function newDiskUuid(): string {
  return randomUUID();
}
