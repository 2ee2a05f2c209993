/** Flavors. */
import { randomUUID } from 'node:crypto';
import { conflict, notFound, policyRefused } from '../http/api-error.ts';
import { flagIn, integerIn, isObject, objectIn, requiredText, textIn, textMapIn } from '../http/json.ts';
import { paged } from '../http/paging.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import type { World } from '../world.ts';
import type { Flavor } from './state.ts';
import { flavorView } from './views.ts';

function find(world: World, call: Call): Flavor {
  const flavor = world.compute.flavors.get(param(call, 'id'));
  if (!flavor) throw notFound(`Flavor ${param(call, 'id')} could not be found.`);
  return flavor;
}

function list(world: World, call: Call, view: (flavor: Flavor) => unknown): Reply {
  const least = (name: string): number => Number(call.query.get(name) ?? 0);
  const found = [...world.compute.flavors.values()].filter(
    (one) => one.ram >= least('minRam') && one.disk >= least('minDisk'),
  );
  const page = paged(call, found);
  return {
    status: 200,
    json: {
      flavors: page.items.map(view),
      ...(page.links.length > 0 ? { flavors_links: page.links } : {}),
    },
  };
}

async function create(world: World, call: Call): Promise<Reply> {
  if (!isAdmin(call.token)) throw policyRefused('os_compute_api:os-flavor-manage:create');
  const { flavors } = world.compute;
  const wanted = objectIn(await call.json(), 'flavor');
  const name = requiredText(wanted, 'name');
  if ([...flavors.values()].some((one) => one.name === name))
    throw conflict(`Flavor with name ${name} already exists.`);
  const id = textIn(wanted, 'id') ?? 'auto';
  if (flavors.has(id)) throw conflict(`Flavor with ID ${id} already exists.`);
  const flavor: Flavor = {
    id: id === 'auto' ? randomUUID() : id,
    name,
    vcpus: integerIn(wanted, 'vcpus') ?? 1,
    ram: integerIn(wanted, 'ram') ?? 512,
    disk: integerIn(wanted, 'disk') ?? 0,
    isPublic: flagIn(wanted, 'os-flavor-access:is_public') ?? true,
    description: textIn(wanted, 'description') ?? null,
    extraSpecs: {},
  };
  flavors.set(flavor.id, flavor);
  return { status: 200, json: { flavor: flavorView(flavor, call.minor) } };
}

export function flavorRoutes(world: World): Service['routes'] {
  const path = '/v2.1/flavors';
  return [
    route('GET', path, (call) => list(world, call, ({ id, name }) => ({ id, name, links: [] }))),
    route('GET', `${path}/detail`, (call) => list(world, call, (one) => flavorView(one, call.minor))),
    route('POST', path, (call) => create(world, call)),
    route('GET', `${path}/:id`, (call) => ({
      status: 200,
      json: { flavor: flavorView(find(world, call), call.minor) },
    })),
    route('GET', `${path}/:id/os-extra_specs`, (call) => ({
      status: 200,
      json: { extra_specs: find(world, call).extraSpecs },
    })),
    route('POST', `${path}/:id/os-extra_specs`, async (call) => {
      if (!isAdmin(call.token)) throw policyRefused('os_compute_api:os-flavor-extra-specs:create');
      const { extraSpecs } = find(world, call);
      const body = await call.json();
      Object.assign(extraSpecs, isObject(body) ? textMapIn(body, 'extra_specs') : {});
      return { status: 200, json: { extra_specs: extraSpecs } };
    }),
    route('DELETE', `${path}/:id`, (call) => {
      if (!isAdmin(call.token)) throw policyRefused('os_compute_api:os-flavor-manage:delete');
      world.compute.flavors.delete(find(world, call).id);
      return { status: 202 };
    }),
  ];
}
