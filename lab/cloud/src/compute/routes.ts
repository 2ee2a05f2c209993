/** Nova v2.1, as far as a migration goes. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict, notFound, policyRefused } from '../http/api-error.ts';
import { faultEnvelope } from '../http/envelopes.ts';
import { integerIn, isObject, objectIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { createServer, findServer } from './create.ts';
import { build, destroy, start, stop } from './lifecycle.ts';
import type { Flavor, Server } from './state.ts';
import { flavorView, serverView } from './views.ts';

export function computeService(world: World): Service {
  const find = (call: Call): Server => findServer(world, call, param(call, 'id'), isAdmin(call.token));
  return {
    name: 'compute',
    prefix: '/compute',
    requestIdHeaders: ['x-openstack-request-id', 'x-compute-request-id'],
    envelope: faultEnvelope,
    microversions: {
      type: 'compute',
      major: 2,
      min: 1,
      max: 93,
      legacyHeader: 'X-OpenStack-Nova-API-Version',
    },
    routes: [
      route('GET', '/', (call) => ({ status: 200, json: { versions: [version(call)] } }), { open: true }),
      route('GET', '/v2.1', (call) => ({ status: 200, json: { version: version(call) } }), { open: true }),
      ...flavorRoutes(world),
      route('GET', '/v2.1/servers', (call) => listServers(world, call, false)),
      route('GET', '/v2.1/servers/detail', (call) => listServers(world, call, true)),
      route('POST', '/v2.1/servers', async (call) => {
        const server = await createServer(world, call);
        build(world, server, call.doom);
        return {
          status: 202,
          json: { server: { id: server.id, links: [], adminPass: 'none', 'OS-DCF:diskConfig': 'MANUAL' } },
        };
      }),
      route('GET', '/v2.1/servers/:id', (call) => ({
        status: 200,
        json: { server: serverView(world, call, find(call)) },
      })),
      route('DELETE', '/v2.1/servers/:id', (call) => {
        destroy(world, find(call));
        return { status: 204 };
      }),
      route('POST', '/v2.1/servers/:id/action', (call) => act(world, call, find(call))),
      route('GET', '/v2.1/limits', (call) => ({
        status: 200,
        json: { limits: { rate: [], absolute: limits(world, call) } },
      })),
    ],
  };
}

function version(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/compute/v2.1/` }];
  return {
    id: 'v2.1',
    status: 'CURRENT',
    version: '2.93',
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links,
  };
}

function flavorRoutes(world: World): Service['routes'] {
  const { flavors } = world.compute;
  const find = (call: Call): Flavor => {
    const flavor = flavors.get(param(call, 'id'));
    if (!flavor) throw notFound(`Flavor ${param(call, 'id')} could not be found.`);
    return flavor;
  };
  return [
    route('GET', '/v2.1/flavors', () => ({
      status: 200,
      json: { flavors: [...flavors.values()].map(({ id, name }) => ({ id, name, links: [] })) },
    })),
    route('GET', '/v2.1/flavors/detail', (call) => ({
      status: 200,
      json: { flavors: [...flavors.values()].map((one) => flavorView(one, call.minor)) },
    })),
    route('POST', '/v2.1/flavors', async (call) => {
      if (!isAdmin(call.token)) throw policyRefused('os_compute_api:os-flavor-manage:create');
      const wanted = objectIn(await call.json(), 'flavor');
      const name = requiredText(wanted, 'name');
      if ([...flavors.values()].some((one) => one.name === name))
        throw conflict(`Flavor with name ${name} already exists.`);
      const id = textIn(wanted, 'id') ?? 'auto';
      const flavor: Flavor = {
        id: id === 'auto' ? randomUUID() : id,
        name,
        vcpus: integerIn(wanted, 'vcpus') ?? 1,
        ram: integerIn(wanted, 'ram') ?? 512,
        disk: integerIn(wanted, 'disk') ?? 0,
        isPublic: true,
        description: textIn(wanted, 'description') ?? null,
        extraSpecs: {},
      };
      flavors.set(flavor.id, flavor);
      return { status: 200, json: { flavor: flavorView(flavor, call.minor) } };
    }),
    route('GET', '/v2.1/flavors/:id', (call) => ({
      status: 200,
      json: { flavor: flavorView(find(call), call.minor) },
    })),
    route('GET', '/v2.1/flavors/:id/os-extra_specs', (call) => ({
      status: 200,
      json: { extra_specs: find(call).extraSpecs },
    })),
    route('DELETE', '/v2.1/flavors/:id', (call) => {
      if (!isAdmin(call.token)) throw policyRefused('os_compute_api:os-flavor-manage:delete');
      flavors.delete(find(call).id);
      return { status: 202 };
    }),
  ];
}

function listServers(world: World, call: Call, detail: boolean): Reply {
  const everybody = isAdmin(call.token) && call.query.has('all_tenants');
  const tags = call.query.get('tags')?.split(',') ?? [];
  const name = call.query.get('name');
  const status = call.query.get('status');
  const found = [...world.compute.servers.values()].filter(
    (one) =>
      (everybody || one.projectId === projectOf(call.token)) &&
      tags.every((tag) => one.tags.has(tag)) &&
      (name === null || one.name.includes(name)) &&
      (status === null || one.status === status.toUpperCase()),
  );
  const servers = detail
    ? found.map((one) => serverView(world, call, one))
    : found.map((one) => ({ id: one.id, name: one.name, links: [] }));
  return { status: 200, json: { servers } };
}

async function act(world: World, call: Call, server: Server): Promise<Reply> {
  const body = await call.json();
  if (!isObject(body)) throw badRequest('The body must be an object.');
  const refuse = (action: string): never => {
    throw conflict(`Cannot '${action}' instance ${server.id} while it is in vm_state ${server.vmState}`);
  };
  if ('os-stop' in body) {
    if (server.status !== 'ACTIVE') refuse('stop');
    stop(world, server);
    return { status: 202 };
  }
  if ('os-start' in body) {
    if (server.status !== 'SHUTOFF') refuse('start');
    start(world, server);
    return { status: 202 };
  }
  if ('os-getConsoleOutput' in body) {
    if (server.status !== 'ACTIVE') throw notFound('Guest does not have a console available.');
    const length = integerIn(objectIn(body, 'os-getConsoleOutput'), 'length') ?? 0;
    const lines = server.console.split('\n');
    return { status: 200, json: { output: (length > 0 ? lines.slice(-length) : lines).join('\n') } };
  }
  throw badRequest(`There is no such action: ${Object.keys(body).join(', ')}`);
}

function limits(world: World, call: Call): Record<string, number> {
  const projectId = projectOf(call.token);
  const quotas = world.quotas(projectId);
  const own = [...world.compute.servers.values()].filter((one) => one.projectId === projectId);
  return {
    maxTotalInstances: quotas.instances,
    totalInstancesUsed: own.length,
    maxTotalCores: quotas.cores,
    totalCoresUsed: own.reduce((sum, one) => sum + one.flavor.vcpus, 0),
    maxTotalRAMSize: quotas.ram,
    totalRAMUsed: own.reduce((sum, one) => sum + one.flavor.ram, 0),
  };
}
