import type { Flavor, QuotaRoom } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import { DISKS_AT_ONCE } from './demand.ts';
import type { TargetDisk, TargetNic } from './target.ts';

const MIB = 2 ** 20;
const REMEDY = 'Have the quota raised, or free some of it.';

/** What is needed of a quota: its name, how much, what is left of it, and the unit. */
type Need = readonly [what: string, needed: number, left: number | null, unit: string];

function exceeded(project: string, [what, needed, left, unit]: Need): Finding[] {
  if (left === null || needed <= left) return [];
  return [
    {
      severity: 'blocker',
      code: 'quota.exceeded',
      subject: 'destination',
      message: `the quota of project ${project} for ${what} has ${Math.max(0, left)}${unit} left; ${needed}${unit} are needed`,
      remedy: REMEDY,
    },
  ];
}

/**
 * An image takes what is sent of its disk, which is known afterwards, and the service looks at what it stores before
 * an upload only: that nothing is left blocks, that little is left is told.
 */
function imageStorage(room: QuotaRoom, project: string, disks: readonly TargetDisk[]): Finding[] {
  const left = room.imageMiB;
  if (disks.length === 0 || left === null) return [];
  if (left < 1) return exceeded(project, ['image storage', 1, left, ' MiB']);
  const most = disks.reduce((sum, disk) => sum + Math.ceil(disk.capacityBytes / MIB), 0);
  if (most <= left) return [];
  return [
    {
      severity: 'warning',
      code: 'quota.image_storage',
      subject: 'destination',
      message: `the quota of project ${project} for image storage has ${left} MiB left; the images of this instance may take up to ${most} MiB`,
      remedy: REMEDY,
    },
  ];
}

/** Compares what the target takes with what the project has left. */
export function checkQuota(
  room: QuotaRoom,
  project: string,
  flavor: Flavor | null,
  nics: readonly TargetNic[],
  disks: readonly TargetDisk[],
): Finding[] {
  const volumes = disks.filter((disk) => disk.target === 'volume');
  // Those that volumes are made from stay beside the others until all are made.
  const images = disks.filter((disk) => disk.target === 'image' || disk.fill === 'image');
  const needs: readonly Need[] = [
    ['instances', 1, room.instances, ''],
    ['cores', flavor?.vcpus ?? 0, room.cores, ''],
    ['memory', flavor?.ramMiB ?? 0, room.ramMiB, ' MiB'],
    ['volumes', volumes.length, room.volumes, ''],
    ['volume storage', volumes.reduce((sum, disk) => sum + disk.sizeGiB, 0), room.gigabytes, ' GiB'],
    ['ports', nics.length, room.ports, ''],
    ['images', images.length, room.images, ''],
    ['image uploads at once', Math.min(images.length, DISKS_AT_ONCE), room.imageUploads, ''],
  ];
  return [...needs.flatMap((need) => exceeded(project, need)), ...imageStorage(room, project, images)];
}
