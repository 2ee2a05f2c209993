/** Nova v2.1, as far as a migration goes. */
import { faultEnvelope } from '../http/envelopes.ts';
import { objectIn, textIn } from '../http/json.ts';
import { paged } from '../http/paging.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { zoneRoute } from '../http/zones.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { act, refuseLocked } from './actions.ts';
import { createServer, findServer } from './create.ts';
import { flavorRoutes } from './flavors.ts';
import { labelRoutes } from './labels.ts';
import { build, destroy } from './lifecycle.ts';
import { checkName } from './names.ts';
import { computeQuotaRoutes, limits } from './quotas.ts';
import type { Server } from './state.ts';
import { serverView } from './views.ts';
import { serverVolumeRoutes } from './volumes.ts';

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
      route('PUT', '/v2.1/servers/:id', async (call) => {
        const server = find(call);
        const wanted = objectIn(await call.json(), 'server');
        server.name = checkName(textIn(wanted, 'name') ?? server.name);
        server.description = textIn(wanted, 'description') ?? server.description;
        server.updatedAt = Date.now();
        return { status: 200, json: { server: serverView(world, call, server) } };
      }),
      route('DELETE', '/v2.1/servers/:id', (call) => {
        const server = find(call);
        refuseLocked(server, call);
        destroy(world, server);
        return { status: 204 };
      }),
      route('POST', '/v2.1/servers/:id/action', (call) => act(world, call, find(call))),
      ...labelRoutes(find),
      ...serverVolumeRoutes(world, find),
      ...computeQuotaRoutes(world),
      zoneRoute('/v2.1', world.zones.compute),
      route('GET', '/v2.1/limits', (call) => ({
        status: 200,
        json: { limits: { rate: [], absolute: limits(world, projectOf(call.token)) } },
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

function listServers(world: World, call: Call, detail: boolean): Reply {
  const asked = call.query.get('all_tenants');
  const everybody = isAdmin(call.token) && asked !== null && !/^(0|false)$/i.test(asked);
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
  // Nova lists the newest first.
  const page = paged(call, found.toReversed());
  const servers = page.items.map((one) =>
    detail ? serverView(world, call, one) : { id: one.id, name: one.name, links: [] },
  );
  return {
    status: 200,
    json: { servers, ...(page.links.length > 0 ? { servers_links: page.links } : {}) },
  };
}
