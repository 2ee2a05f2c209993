/** `os-quota-sets`, which Nova and Cinder share in form. */
import { isAdmin } from '../identity/state.ts';
import type { Quotas } from '../options.ts';
import { projectOf, type World } from '../world.ts';
import { policyRefused } from './api-error.ts';
import { integerIn, objectIn } from './json.ts';
import { param, route, type Call, type Service } from './service.ts';

export interface QuotaSet {
  /** Where the service's routes begin, such as `/v2.1`. */
  readonly root: string;
  /** Names in the API to those of the options. */
  readonly names: Readonly<Record<string, keyof Quotas>>;
  /** Name of the policy rules. */
  readonly policy: string;
  used(projectId: string, name: string): number;
}

export function quotaSetRoutes(world: World, set: QuotaSet): Service['routes'] {
  const path = `${set.root}/os-quota-sets/:id`;
  const readable = (call: Call): string => {
    const id = param(call, 'id');
    if (id !== projectOf(call.token) && !isAdmin(call.token)) throw policyRefused(`${set.policy}:show`);
    return id;
  };
  const limits = (id: string): Record<string, number> => {
    const quotas = world.quotas(id);
    return Object.fromEntries(Object.entries(set.names).map(([name, key]) => [name, quotas[key]]));
  };
  const detail = (id: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(limits(id)).map(([name, limit]) => [
        name,
        { limit, in_use: set.used(id, name), reserved: 0 },
      ]),
    );
  return [
    route('GET', path, (call) => {
      const id = readable(call);
      const usage = call.query.get('usage')?.toLowerCase() === 'true';
      return { status: 200, json: { quota_set: { id, ...(usage ? detail(id) : limits(id)) } } };
    }),
    route('GET', `${path}/detail`, (call) => {
      const id = readable(call);
      return { status: 200, json: { quota_set: { id, ...detail(id) } } };
    }),
    route('GET', `${path}/defaults`, (call) => {
      const id = readable(call);
      return { status: 200, json: { quota_set: { id, ...limits(id) } } };
    }),
    route('PUT', path, async (call) => {
      if (!isAdmin(call.token)) throw policyRefused(`${set.policy}:update`);
      const id = param(call, 'id');
      const wanted = objectIn(await call.json(), 'quota_set');
      for (const [name, key] of Object.entries(set.names)) {
        const limit = integerIn(wanted, name);
        if (limit !== undefined) world.setQuotas(id, { [key]: limit });
      }
      return { status: 200, json: { quota_set: limits(id) } };
    }),
  ];
}
