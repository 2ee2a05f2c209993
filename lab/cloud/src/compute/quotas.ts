/** What a project may use of Nova, and does. */
import { forbidden } from '../http/api-error.ts';
import { quotaSetRoutes } from '../http/quota-sets.ts';
import type { Service } from '../http/service.ts';
import type { World } from '../world.ts';
import type { Flavor } from './state.ts';

const COUNTED = {
  instances: () => 1,
  cores: (flavor: Flavor) => flavor.vcpus,
  ram: (flavor: Flavor) => flavor.ram,
} as const;

type Name = keyof typeof COUNTED;
const names = Object.keys(COUNTED) as Name[];

function used(world: World, projectId: string, name: Name): number {
  return [...world.compute.servers.values()]
    .filter((one) => one.projectId === projectId)
    .reduce((sum, one) => sum + COUNTED[name](one.flavor), 0);
}

/** Throws 403 when one more server of this flavor is too much. */
export function refuseOverQuota(world: World, projectId: string, flavor: Flavor): void {
  const quotas = world.quotas(projectId);
  for (const name of names) {
    const [limit, has, more] = [quotas[name], used(world, projectId, name), COUNTED[name](flavor)];
    if (limit >= 0 && has + more > limit)
      throw forbidden(
        `Quota exceeded for ${name}: Requested ${more}, but already used ${has} of ${limit} ${name}`,
      );
  }
}

/** The absolute part of `GET /limits`. */
export function limits(world: World, projectId: string): Record<string, number> {
  const quotas = world.quotas(projectId);
  return {
    maxTotalInstances: quotas.instances,
    totalInstancesUsed: used(world, projectId, 'instances'),
    maxTotalCores: quotas.cores,
    totalCoresUsed: used(world, projectId, 'cores'),
    maxTotalRAMSize: quotas.ram,
    totalRAMUsed: used(world, projectId, 'ram'),
  };
}

export function computeQuotaRoutes(world: World): Service['routes'] {
  return quotaSetRoutes(world, {
    root: '/v2.1',
    policy: 'os_compute_api:os-quota-sets',
    names: { instances: 'instances', cores: 'cores', ram: 'ram' },
    used: (projectId, name) => used(world, projectId, name as Name),
  });
}
