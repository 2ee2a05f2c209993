import { bootDiskOf, type Instance, type InstanceDisk } from '../inventory.ts';
import type { MigrationSpec } from '../migration.ts';
import type { DestinationFacts } from '../ports/destination-driver.ts';
import { entryOf } from './lookup.ts';
import type { TargetDisk } from './target.ts';

export const GIB = 2 ** 30;

/** A disk and what was asked for it. */
export interface MappedDisk {
  readonly disk: InstanceDisk;
  readonly boot: boolean;
  /** Left out, as asked. */
  readonly skipped: boolean;
  /** Name; null: the cloud's default. */
  readonly volumeType: string | null;
  readonly target: 'image' | 'volume';
}

function volumeType(disk: InstanceDisk, { datastores, disks }: MigrationSpec['mapping']): string | null {
  return (
    entryOf(disks, disk.key)?.volumeType ??
    entryOf(datastores, disk.datastoreRef) ??
    entryOf(datastores, disk.datastoreName) ??
    datastores['*'] ??
    null
  );
}

/** Every disk, the boot disk first. */
export function mapDisks(instance: Instance, spec: MigrationSpec): MappedDisk[] {
  const first = bootDiskOf(instance);
  const disks = instance.disks.map((disk): MappedDisk => {
    const boot = disk === first;
    return {
      disk,
      boot,
      skipped: entryOf(spec.mapping.disks, disk.key)?.skip === true,
      volumeType: volumeType(disk, spec.mapping),
      target: boot && spec.bootFrom === 'image' ? 'image' : 'volume',
    };
  });
  return [...disks.filter((one) => one.boot), ...disks.filter((one) => !one.boot)];
}

/** Size in whole GiB, as volumes have it. */
export const sizeGiB = ({ capacityBytes }: Pick<InstanceDisk, 'capacityBytes'>): number =>
  Math.max(1, Math.ceil(capacityBytes / GIB));

/** The place at the destination of every disk that is moved. */
export function placeDisks(disks: readonly MappedDisk[], facts: DestinationFacts): TargetDisk[] {
  const offered = facts.volumeTransports;
  const fill = (['auto', 'device'] as const).find((one) => offered.includes(one)) ?? 'image';
  return disks
    .filter((one) => !one.skipped)
    .map(({ disk, boot, target, volumeType }) => ({
      key: disk.key,
      objectId: disk.objectId,
      label: disk.label,
      capacityBytes: disk.capacityBytes,
      sizeGiB: sizeGiB(disk),
      boot,
      target,
      volumeType,
      fill,
    }));
}
