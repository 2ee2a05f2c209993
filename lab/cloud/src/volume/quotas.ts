/** What a project may store in Cinder, and does. */
import { ApiError } from '../http/api-error.ts';
import { quotaSetRoutes } from '../http/quota-sets.ts';
import type { Service } from '../http/service.ts';
import type { World } from '../world.ts';

/** GiB, or volumes. */
function used(world: World, projectId: string, name: string): number {
  const own = [...world.volumes.volumes.values()].filter((one) => one.projectId === projectId);
  if (name === 'gigabytes') return own.reduce((sum, one) => sum + one.size, 0);
  return name === 'volumes' ? own.length : 0;
}

/** Throws 413 when `more` GiB do not fit into what the project may store. */
export function refuseMoreGigabytes(world: World, projectId: string, more: number): void {
  const limit = world.quotas(projectId).gigabytes;
  const has = used(world, projectId, 'gigabytes');
  if (limit >= 0 && has + more > limit)
    throw new ApiError(
      413,
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${more}G, quota is ${limit}G and ${has}G has been consumed.`,
    );
}

/** Throws 413 when the project may not have one more volume, of `size` GiB. */
export function refuseOverQuota(world: World, projectId: string, size: number): void {
  const quotas = world.quotas(projectId);
  if (quotas.volumes >= 0 && used(world, projectId, 'volumes') >= quotas.volumes)
    throw new ApiError(
      413,
      `VolumeLimitExceeded: Maximum number of volumes allowed (${quotas.volumes}) exceeded for quota 'volumes'.`,
    );
  if (quotas.perVolumeGigabytes >= 0 && size > quotas.perVolumeGigabytes)
    throw new ApiError(
      413,
      `VolumeSizeExceedsLimit: Requested volume size ${size} is larger than maximum allowed limit ${quotas.perVolumeGigabytes}.`,
    );
  refuseMoreGigabytes(world, projectId, size);
}

/** The absolute part of `GET /limits`. */
export function limits(world: World, projectId: string): Record<string, number> {
  const quotas = world.quotas(projectId);
  return {
    maxTotalVolumes: quotas.volumes,
    totalVolumesUsed: used(world, projectId, 'volumes'),
    maxTotalVolumeGigabytes: quotas.gigabytes,
    totalGigabytesUsed: used(world, projectId, 'gigabytes'),
    maxTotalSnapshots: quotas.snapshots,
    totalSnapshotsUsed: 0,
  };
}

export function volumeQuotaRoutes(world: World): Service['routes'] {
  return quotaSetRoutes(world, {
    root: '/v3',
    policy: 'volume_extension:quotas',
    names: {
      volumes: 'volumes',
      gigabytes: 'gigabytes',
      per_volume_gigabytes: 'perVolumeGigabytes',
      snapshots: 'snapshots',
    },
    used: (projectId, name) => used(world, projectId, name),
  });
}
