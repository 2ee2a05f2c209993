/** Networks and subnets. Types, segments and routers are not modelled: a network is a name with subnets. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict, notFound, policyRefused } from '../http/api-error.ts';
import { flagIn, integerIn, objectIn, objectsIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import type { NetworkOption } from '../options.ts';
import { projectOf, type World } from '../world.ts';
import { parseCidr, toText } from './address.ts';
import { matching } from './matching.ts';
import type { Network, Subnet } from './state.ts';
import { tagged, tagRoutes } from './tags.ts';
import { networkView, subnetView } from './views.ts';
import { sees, visibleNetwork } from './visible.ts';

function makeNetwork(
  world: World,
  projectId: string,
  facts: Pick<Network, 'name'> & Partial<Network>,
): Network {
  const now = Date.now();
  const network: Network = {
    shared: false,
    adminStateUp: true,
    description: '',
    portSecurity: true,
    mtu: 1500,
    external: false,
    ...facts,
    id: randomUUID(),
    projectId,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  };
  world.network.networks.set(network.id, network);
  return network;
}

interface SubnetFacts {
  readonly name: string;
  readonly cidr: string;
  /** Null is none; undefined takes the first address. */
  readonly gateway?: string | null | undefined;
  readonly pools?: readonly { readonly start: string; readonly end: string }[] | undefined;
  readonly dhcp?: boolean | undefined;
  readonly description?: string | undefined;
}

function makeSubnet(world: World, network: Network, facts: SubnetFacts): Subnet {
  const now = Date.now();
  const range = parseCidr(facts.cidr);
  const at = (offset: bigint): string => toText(offset, range.version);
  const subnet: Subnet = {
    id: randomUUID(),
    name: facts.name,
    networkId: network.id,
    projectId: network.projectId,
    cidr: facts.cidr,
    ipVersion: range.version,
    gateway: facts.gateway === undefined ? at(range.first + 1n) : facts.gateway,
    pools: [...(facts.pools ?? [{ start: at(range.first + 2n), end: at(range.last - 1n) }])],
    dhcp: facts.dhcp ?? true,
    description: facts.description ?? '',
    dnsNameservers: [],
    hostRoutes: [],
    ipv6AddressMode: null,
    ipv6RaMode: null,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  };
  world.network.subnets.set(subnet.id, subnet);
  return subnet;
}

/** A network with one subnet, as the seed makes them. */
export function addNetwork(world: World, option: NetworkOption): void {
  const projectId = world.identity.project(option.project ?? 'admin').id;
  const { name, shared = false, mtu = 1500 } = option;
  const network = makeNetwork(world, projectId, { name, shared, mtu });
  makeSubnet(world, network, {
    name: `${name}-subnet`,
    cidr: option.cidr,
    gateway: option.gateway,
    pools: option.pool && [{ start: option.pool[0], end: option.pool[1] }],
  });
}

/** A network that the caller may change. */
function ownNetwork(world: World, call: Call, id: string): Network {
  const network = visibleNetwork(world, call, id);
  if (network.projectId !== projectOf(call.token) && !isAdmin(call.token))
    throw notFound(`Network ${id} could not be found.`, 'NetworkNotFound');
  return network;
}

function refuseOverQuota(world: World, projectId: string, what: 'network' | 'subnet'): void {
  const quotas = world.quotas(projectId);
  const limit = what === 'network' ? quotas.networks : quotas.subnets;
  const all = what === 'network' ? world.network.networks : world.network.subnets;
  const used = [...all.values()].filter((one) => one.projectId === projectId).length;
  if (limit >= 0 && used >= limit) throw conflict(`Quota exceeded for resources: ['${what}'].`, 'OverQuota');
}

async function createNetwork(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'network');
  const shared = flagIn(wanted, 'shared') ?? false;
  if (shared && !isAdmin(call.token)) throw policyRefused('create_network:shared');
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, 'network');
  const network = makeNetwork(world, projectId, {
    name: textIn(wanted, 'name') ?? '',
    description: textIn(wanted, 'description') ?? '',
    adminStateUp: flagIn(wanted, 'admin_state_up') ?? true,
    portSecurity: flagIn(wanted, 'port_security_enabled') ?? true,
    mtu: integerIn(wanted, 'mtu') ?? 1500,
    shared,
  });
  return { status: 201, json: { network: networkView(world.network, network) } };
}

async function createSubnet(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'subnet');
  const network = ownNetwork(world, call, requiredText(wanted, 'network_id'));
  refuseOverQuota(world, projectOf(call.token), 'subnet');
  const cidr = requiredText(wanted, 'cidr');
  const { version } = parseCidr(cidr);
  if (integerIn(wanted, 'ip_version') !== version)
    throw badRequest(`Invalid input for operation: ip_version does not fit ${cidr}.`, 'InvalidInput');
  const subnet = makeSubnet(world, network, {
    name: textIn(wanted, 'name') ?? '',
    cidr,
    gateway: wanted['gateway_ip'] === null ? null : textIn(wanted, 'gateway_ip'),
    pools: objectsIn(wanted, 'allocation_pools')?.map((pool) => ({
      start: requiredText(pool, 'start'),
      end: requiredText(pool, 'end'),
    })),
    dhcp: flagIn(wanted, 'enable_dhcp'),
    description: textIn(wanted, 'description'),
  });
  return { status: 201, json: { subnet: subnetView(subnet) } };
}

function removeNetwork(world: World, call: Call): Reply {
  const network = ownNetwork(world, call, param(call, 'id'));
  if ([...world.network.ports.values()].some((port) => port.networkId === network.id))
    throw conflict(
      `Unable to complete operation on network ${network.id}. There are one or more ports still in use on the network.`,
      'NetworkInUse',
    );
  world.network.networks.delete(network.id);
  for (const subnet of world.network.subnets.values())
    if (subnet.networkId === network.id) world.network.subnets.delete(subnet.id);
  return { status: 204 };
}

function findSubnet(world: World, call: Call): Subnet {
  const subnet = world.network.subnets.get(param(call, 'id'));
  const network = subnet && world.network.networks.get(subnet.networkId);
  if (!subnet || !network || !sees(call.token, network))
    throw notFound(`Subnet ${param(call, 'id')} could not be found.`, 'SubnetNotFound');
  return subnet;
}

function removeSubnet(world: World, call: Call): Reply {
  const subnet = findSubnet(world, call);
  ownNetwork(world, call, subnet.networkId);
  for (const port of world.network.ports.values())
    if (port.fixedIps.some((ip) => ip.subnet_id === subnet.id))
      throw conflict(`Unable to complete operation on subnet ${subnet.id}: it is in use.`, 'SubnetInUse');
  world.network.subnets.delete(subnet.id);
  return { status: 204 };
}

export function networkRoutes(world: World): Service['routes'] {
  const { network: state } = world;
  const networks = '/v2.0/networks';
  const subnets = '/v2.0/subnets';
  return [
    route('GET', networks, (call) => {
      const seen = [...state.networks.values()].filter((one) => sees(call.token, one) && tagged(call, one));
      const views = seen.map((one) => networkView(state, one));
      const filters = ['id', 'name', 'status', 'project_id', 'tenant_id'];
      const shared = call.query.get('shared')?.toLowerCase();
      const found = matching(call, views, filters).filter(
        (view) => shared === undefined || String(view['shared']) === shared,
      );
      return { status: 200, json: { networks: found } };
    }),
    route('POST', networks, (call) => createNetwork(world, call)),
    route('GET', `${networks}/:id`, (call) => ({
      status: 200,
      json: { network: networkView(state, visibleNetwork(world, call, param(call, 'id'))) },
    })),
    route('DELETE', `${networks}/:id`, (call) => removeNetwork(world, call)),
    ...tagRoutes('networks', (call) => ownNetwork(world, call, param(call, 'id'))),
    route('GET', subnets, (call) => {
      const seen = [...state.subnets.values()].filter((subnet) => {
        const network = state.networks.get(subnet.networkId);
        return network !== undefined && sees(call.token, network) && tagged(call, subnet);
      });
      const filters = ['id', 'name', 'network_id', 'cidr', 'ip_version', 'project_id', 'tenant_id'];
      return { status: 200, json: { subnets: matching(call, seen.map(subnetView), filters) } };
    }),
    route('POST', subnets, (call) => createSubnet(world, call)),
    route('GET', `${subnets}/:id`, (call) => ({
      status: 200,
      json: { subnet: subnetView(findSubnet(world, call)) },
    })),
    route('DELETE', `${subnets}/:id`, (call) => removeSubnet(world, call)),
  ];
}
