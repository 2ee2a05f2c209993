import type { Flavor, QuotaRoom } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import type { TargetDisk, TargetNic } from './target.ts';

/** Compares what the target takes with what the project has left. */
export function checkQuota(
  room: QuotaRoom,
  project: string,
  flavor: Flavor | null,
  nics: readonly TargetNic[],
  disks: readonly TargetDisk[],
): Finding[] {
  const volumes = disks.filter((disk) => disk.target === 'volume');
  const needs: readonly [string, number, number | null, string][] = [
    ['instances', 1, room.instances, ''],
    ['cores', flavor?.vcpus ?? 0, room.cores, ''],
    ['memory', flavor?.ramMiB ?? 0, room.ramMiB, ' MiB'],
    ['volumes', volumes.length, room.volumes, ''],
    ['volume storage', volumes.reduce((sum, disk) => sum + disk.sizeGiB, 0), room.gigabytes, ' GiB'],
    ['ports', nics.length, room.ports, ''],
  ];
  return needs.flatMap(([what, needed, left, unit]) =>
    left === null || needed <= left
      ? []
      : [
          {
            severity: 'blocker' as const,
            code: 'quota.exceeded',
            subject: 'destination',
            message: `the quota of project ${project} for ${what} has ${Math.max(0, left)}${unit} left; ${needed}${unit} are needed`,
            remedy: 'Have the quota raised, or free some of it.',
          },
        ],
  );
}
