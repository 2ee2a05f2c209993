/** Neutron's quotas: limits, and what is used of them. */
import { forbidden } from '../http/api-error.ts';
import { integerIn, objectIn } from '../http/json.ts';
import { param, route, type Call, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import type { Quotas } from '../options.ts';
import { projectOf, type World } from '../world.ts';

const NAMES = {
  network: 'networks',
  subnet: 'subnets',
  port: 'ports',
  security_group: 'securityGroups',
  security_group_rule: 'securityGroupRules',
} as const satisfies Readonly<Record<string, keyof Quotas>>;

type Name = keyof typeof NAMES;
const names = Object.keys(NAMES) as Name[];

function used(world: World, projectId: string, name: Name): number {
  const maps: Record<Name, ReadonlyMap<string, { readonly projectId: string }>> = {
    network: world.network.networks,
    subnet: world.network.subnets,
    port: world.network.ports,
    security_group: world.network.securityGroups,
    security_group_rule: world.network.securityGroupRules,
  };
  return [...maps[name].values()].filter((one) => one.projectId === projectId).length;
}

function limits(world: World, projectId: string): Record<string, number> {
  const quotas = world.quotas(projectId);
  return Object.fromEntries(names.map((name) => [name, quotas[NAMES[name]]]));
}

export function quotaRoutes(world: World): Service['routes'] {
  const refuse = (rule: string): never => {
    throw forbidden(`rule:${rule} is disallowed by policy`, 'PolicyNotAuthorized');
  };
  const readable = (call: Call): string => {
    const id = param(call, 'id');
    if (id !== projectOf(call.token) && !isAdmin(call.token)) refuse('get_quota');
    return id;
  };
  return [
    route('GET', '/v2.0/quotas/:id', (call) => ({
      status: 200,
      json: { quota: limits(world, readable(call)) },
    })),
    route('PUT', '/v2.0/quotas/:id', async (call) => {
      if (!isAdmin(call.token)) refuse('update_quota');
      const wanted = objectIn(await call.json(), 'quota');
      const id = param(call, 'id');
      for (const name of names) {
        const limit = integerIn(wanted, name);
        if (limit !== undefined) world.setQuotas(id, { [NAMES[name]]: limit });
      }
      return { status: 200, json: { quota: limits(world, id) } };
    }),
    route('GET', '/v2.0/quotas/:id/details.json', (call) => {
      const id = readable(call);
      const details = Object.entries(limits(world, id)).map(([name, limit]) => [
        name,
        { limit, used: used(world, id, name as Name), reserved: 0 },
      ]);
      return { status: 200, json: { quota: Object.fromEntries(details) as unknown } };
    }),
  ];
}
