import type { Flavor, QuotaRoom } from '../ports/destination-driver.ts';
import { DISKS_AT_ONCE } from './demand.ts';
import type { TargetDisk } from './target.ts';

const MIB = 2 ** 20;

/** What one or several targets take of a project's quota. */
export interface Taking {
  readonly instances: number;
  readonly cores: number;
  readonly ramMiB: number;
  readonly volumes: number;
  readonly gigabytes: number;
  readonly ports: number;
  readonly images: number;
  /** At most: an image takes what is sent of its disk, which is known afterwards. */
  readonly imageMiB: number;
  readonly imageUploads: number;
}

/** Words and unit of each, for people. */
export const QUOTA_WORDS: readonly (readonly [
  key: keyof Taking & keyof QuotaRoom,
  what: string,
  unit: string,
])[] = [
  ['instances', 'instances', ''],
  ['cores', 'cores', ''],
  ['ramMiB', 'memory', ' MiB'],
  ['volumes', 'volumes', ''],
  ['gigabytes', 'volume storage', ' GiB'],
  ['ports', 'ports', ''],
  ['images', 'images', ''],
  ['imageUploads', 'image uploads at once', ''],
];

/**
 * What of the images' quota has no room for these disks, for people. @param disks those that are to go through images
 */
export function imagesWithoutRoom(disks: readonly TargetDisk[], room: QuotaRoom): string[] {
  const taking = takingOf(
    null,
    0,
    disks.map((disk) => ({ ...disk, fill: 'image' })),
  );
  return QUOTA_WORDS.flatMap(([key, what, unit]) => {
    const left = room[key];
    if (!key.startsWith('image') || left === null || taking[key] <= left) return [];
    return [`${what}: ${taking[key]}${unit} wanted, ${left}${unit} left`];
  });
}

export function takingOf(flavor: Flavor | null, nics: number, disks: readonly TargetDisk[]): Taking {
  const volumes = disks.filter((disk) => disk.target === 'volume');
  // Those that volumes are made from stay beside the others until all are made.
  const images = disks.filter((disk) => disk.target === 'image' || disk.fill === 'image');
  return {
    instances: 1,
    cores: flavor?.vcpus ?? 0,
    ramMiB: flavor?.ramMiB ?? 0,
    volumes: volumes.length,
    gigabytes: volumes.reduce((sum, disk) => sum + disk.sizeGiB, 0),
    ports: nics,
    images: images.length,
    imageMiB: images.reduce((sum, disk) => sum + Math.ceil(disk.capacityBytes / MIB), 0),
    imageUploads: Math.min(images.length, DISKS_AT_ONCE),
  };
}
