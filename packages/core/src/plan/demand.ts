import type { Instance } from '../inventory.ts';
import type { Transport } from '../migration.ts';
import type { Demand } from '../schedule/types.ts';

/** Disks of one machine copied at once. */
export const DISKS_AT_ONCE = 4;

/** What moving an instance asks of hosts, datastores and workers. @param diskKeys null: all its disks are moved */
export function demandOf(
  instance: Instance,
  transport: Transport,
  diskKeys: readonly string[] | null = null,
): Demand {
  const disks = instance.disks.filter((disk) => diskKeys === null || diskKeys.includes(disk.key));
  return {
    host: instance.hostRef,
    datastores: [...new Set(disks.flatMap(({ datastoreRef }) => datastoreRef ?? []))],
    streams: Math.max(1, Math.min(DISKS_AT_ONCE, disks.length)),
    bytes: disks.reduce((sum, disk) => sum + disk.capacityBytes, 0),
    scratchBytes: 0,
    ...(transport === 'auto' ? {} : { transport }),
  };
}
