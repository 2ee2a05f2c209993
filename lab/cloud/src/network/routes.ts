/** Neutron v2.0, as far as a migration goes: what there is, ports, groups, quotas. */
import { randomUUID } from 'node:crypto';
import { forbidden, notFound } from '../http/api-error.ts';
import { neutronEnvelope } from '../http/envelopes.ts';
import { objectIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { parseCidr, toText } from './address.ts';
import { defaultGroup, portRoutes } from './ports.ts';
import type { NetworkOption } from '../options.ts';
import { groupView, networkView, subnetView } from './views.ts';
import { sees, visibleNetwork } from './visible.ts';

const EXTENSIONS = [
  'quota_details',
  'standard-attr-description',
  'standard-attr-tag',
  'security-group',
  'port-security',
];

/** A network with one subnet, as the seed makes them. */
export function addNetwork(world: World, option: NetworkOption): void {
  const now = Date.now();
  const projectId = world.identity.project(option.project ?? 'admin').id;
  const networkId = randomUUID();
  const subnetId = randomUUID();
  world.network.networks.set(networkId, {
    id: networkId,
    name: option.name,
    projectId,
    shared: option.shared ?? false,
    adminStateUp: true,
    description: '',
    portSecurity: true,
    mtu: option.mtu ?? 1500,
    external: false,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  });
  const range = parseCidr(option.cidr);
  const at = (offset: bigint): string => toText(offset, range.version);
  const [start, end] = option.pool ?? [at(range.first + 2n), at(range.last - 1n)];
  world.network.subnets.set(subnetId, {
    id: subnetId,
    name: `${option.name}-subnet`,
    networkId,
    projectId,
    cidr: option.cidr,
    ipVersion: range.version,
    gateway: option.gateway ?? at(range.first + 1n),
    pools: [{ start, end }],
    dhcp: true,
    description: '',
    dnsNameservers: [],
    hostRoutes: [],
    ipv6AddressMode: null,
    ipv6RaMode: null,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  });
}

export function networkService(world: World): Service {
  const { network: state } = world;
  return {
    name: 'network',
    prefix: '/network',
    requestIdHeaders: ['X-Openstack-Request-Id'],
    envelope: neutronEnvelope,
    routes: [
      route('GET', '/', (call) => ({ status: 200, json: versions(call) }), { open: true }),
      route('GET', '/v2.0', () => ({ status: 200, json: { resources: [] } }), { open: true }),
      route('GET', '/v2.0/extensions', () => ({
        status: 200,
        json: { extensions: EXTENSIONS.map((alias) => ({ alias, name: alias, description: '', links: [] })) },
      })),
      route('GET', '/v2.0/networks', (call) => ({
        status: 200,
        json: { networks: listNetworks(world, call) },
      })),
      route('GET', '/v2.0/networks/:id', (call) => ({
        status: 200,
        json: { network: networkView(state, visibleNetwork(world, call, param(call, 'id'))) },
      })),
      route('GET', '/v2.0/subnets', (call) => ({ status: 200, json: { subnets: listSubnets(world, call) } })),
      route('GET', '/v2.0/subnets/:id', (call) => {
        const subnet = state.subnets.get(param(call, 'id'));
        const network = subnet && state.networks.get(subnet.networkId);
        if (!subnet || !network || !sees(call.token, network))
          throw notFound(`Subnet ${param(call, 'id')} could not be found.`, 'SubnetNotFound');
        return { status: 200, json: { subnet: subnetView(subnet) } };
      }),
      ...portRoutes(world),
      ...groupRoutes(world),
      ...quotaRoutes(world),
    ],
  };
}

function versions(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/network/v2.0/` }];
  return { versions: [{ id: 'v2.0', status: 'CURRENT', links }] };
}

function named<T extends Record<string, unknown>>(call: Call, views: T[], filters: readonly string[]): T[] {
  return views.filter((view) =>
    filters.every((name) => !call.query.has(name) || call.query.getAll(name).includes(String(view[name]))),
  );
}

function listNetworks(world: World, call: Call): unknown[] {
  const seen = [...world.network.networks.values()].filter((one) => sees(call.token, one));
  const views = seen.map((one) => networkView(world.network, one));
  return named(call, views, ['id', 'name', 'shared', 'project_id']);
}

function listSubnets(world: World, call: Call): unknown[] {
  const seen = [...world.network.subnets.values()].filter((subnet) => {
    const network = world.network.networks.get(subnet.networkId);
    return network !== undefined && sees(call.token, network);
  });
  return named(call, seen.map(subnetView), ['id', 'name', 'network_id', 'cidr']);
}

function groupRoutes(world: World): Service['routes'] {
  const { securityGroups } = world.network;
  return [
    route('GET', '/v2.0/security-groups', (call) => {
      defaultGroup(world, projectOf(call.token));
      const seen = [...securityGroups.values()].filter(
        (one) => isAdmin(call.token) || one.projectId === projectOf(call.token),
      );
      return {
        status: 200,
        json: { security_groups: named(call, seen.map(groupView), ['id', 'name', 'project_id']) },
      };
    }),
    route('POST', '/v2.0/security-groups', async (call): Promise<Reply> => {
      const wanted = objectIn(await call.json(), 'security_group');
      const now = Date.now();
      const group = {
        id: randomUUID(),
        name: requiredText(wanted, 'name'),
        projectId: projectOf(call.token),
        description: textIn(wanted, 'description') ?? '',
        stateful: true,
        tags: new Set<string>(),
        createdAt: now,
        updatedAt: now,
      };
      securityGroups.set(group.id, group);
      return { status: 201, json: { security_group: groupView(group) } };
    }),
    route('DELETE', '/v2.0/security-groups/:id', (call) => {
      const group = securityGroups.get(param(call, 'id'));
      if (!group || (group.projectId !== projectOf(call.token) && !isAdmin(call.token)))
        throw notFound(`Security group ${param(call, 'id')} does not exist`, 'SecurityGroupNotFound');
      securityGroups.delete(group.id);
      return { status: 204 };
    }),
  ];
}

function quotaRoutes(world: World): Service['routes'] {
  const used = (projectId: string) => ({
    port: [...world.network.ports.values()].filter((one) => one.projectId === projectId).length,
    network: [...world.network.networks.values()].filter((one) => one.projectId === projectId).length,
    security_group: [...world.network.securityGroups.values()].filter((one) => one.projectId === projectId)
      .length,
  });
  const limits = (projectId: string) => {
    const quotas = world.quotas(projectId);
    return { port: quotas.ports, network: quotas.networks, security_group: quotas.securityGroups };
  };
  const own = (call: Call): string => {
    const id = param(call, 'id');
    if (id !== projectOf(call.token) && !isAdmin(call.token))
      throw forbidden('rule:get_quota is disallowed by policy', 'PolicyNotAuthorized');
    return id;
  };
  return [
    route('GET', '/v2.0/quotas/:id', (call) => ({ status: 200, json: { quota: limits(own(call)) } })),
    route('GET', '/v2.0/quotas/:id/details.json', (call) => {
      const id = own(call);
      const counts: Record<string, number> = used(id);
      const details = Object.entries(limits(id)).map(([name, limit]) => [
        name,
        { limit, used: counts[name] ?? 0, reserved: 0 },
      ]);
      return { status: 200, json: { quota: Object.fromEntries(details) as unknown } };
    }),
  ];
}
