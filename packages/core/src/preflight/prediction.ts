import type { Instance, InstanceDisk } from '../inventory.ts';

const MIB = 2 ** 20;
/**
 * What one machine is copied with unless somebody knows better: no measurement, but most of what a link of 1 Gbit/s
 * carries.
 */
export const ASSUMED_BYTES_PER_SECOND = 100 * MIB;

/** How much is sent, and how long that takes. */
export interface Prediction {
  /** Of the disks that are moved: the most that is read. */
  readonly capacityBytes: number;
  /** What of it may hold data, as the source's datastores tell; null: not told. */
  readonly dataBytes: number | null;
  readonly bytesPerSecond: number;
  /** Nobody gave a rate: {@link ASSUMED_BYTES_PER_SECOND}. */
  readonly assumed: boolean;
  /** Of the copy alone. */
  readonly seconds: number;
}

export function predict(
  instance: Instance,
  disks: readonly InstanceDisk[],
  given: number | null,
): Prediction {
  const capacityBytes = disks.reduce((sum, disk) => sum + disk.capacityBytes, 0);
  const used = instance.traits?.usedBytes ?? null;
  const dataBytes = used === null ? null : Math.min(used, capacityBytes);
  const bytesPerSecond = given !== null && given > 0 ? given : ASSUMED_BYTES_PER_SECOND;
  return {
    capacityBytes,
    dataBytes,
    bytesPerSecond,
    assumed: bytesPerSecond !== given,
    seconds: Math.ceil((dataBytes ?? capacityBytes) / bytesPerSecond),
  };
}
