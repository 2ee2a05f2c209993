/** Ports: a machine's connection to a network. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict, forbidden, notFound } from '../http/api-error.ts';
import { flagIn, objectIn, objectsIn, requiredText, textIn, textsIn, type JsonObject } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { parseMac, randomMac } from './address.ts';
import { allocate } from './allocate.ts';
import { defaultGroup } from './groups.ts';
import { matching } from './matching.ts';
import type { Network, Port } from './state.ts';
import { tagged, tagRoutes } from './tags.ts';
import { visibleNetwork } from './visible.ts';
import { portView } from './views.ts';

/** Choosing MAC or IP on somebody else's network is for its owner and administrators (Neutron's default policy). */
function refuseChoice(call: Call, network: Network, wanted: JsonObject): void {
  if (isAdmin(call.token) || network.projectId === projectOf(call.token)) return;
  const chosenIp = (objectsIn(wanted, 'fixed_ips') ?? []).some(
    (one) => textIn(one, 'ip_address') !== undefined,
  );
  const rules = [
    textIn(wanted, 'mac_address') === undefined ? '' : 'create_port:mac_address',
    chosenIp ? 'create_port:fixed_ips:ip_address' : '',
  ].filter((rule) => rule !== '');
  if (rules.length > 0)
    throw forbidden(
      `rule:create_port and (${rules.map((rule) => `rule:${rule}`).join(' and ')}) is disallowed by policy`,
      'PolicyNotAuthorized',
    );
}

/** Makes a port for a project; also what Nova does for a server that names a network only. */
export function makePort(world: World, projectId: string, network: Network, wanted: JsonObject): Port {
  const { network: state } = world;
  const own = [...state.ports.values()].filter((one) => one.projectId === projectId);
  const limit = world.quotas(projectId).ports;
  if (limit >= 0 && own.length >= limit)
    throw conflict("Quota exceeded for resources: ['port'].", 'OverQuota');
  const mac = textIn(wanted, 'mac_address');
  const macAddress = mac === undefined ? randomMac() : parseMac(mac);
  for (const other of state.ports.values())
    if (other.networkId === network.id && other.macAddress === macAddress)
      throw conflict(
        `Unable to complete operation for network ${network.id}. The mac address ${macAddress} is in use.`,
        'MacAddressInUse',
      );
  const groups = textsIn(wanted, 'security_groups') ?? [defaultGroup(world, projectId)];
  for (const id of groups)
    if (!state.securityGroups.has(id))
      throw notFound(`Security group ${id} does not exist`, 'SecurityGroupNotFound');
  const now = Date.now();
  const port: Port = {
    id: randomUUID(),
    name: textIn(wanted, 'name') ?? '',
    networkId: network.id,
    projectId,
    macAddress,
    fixedIps: allocate(state, network, objectsIn(wanted, 'fixed_ips')),
    status: 'DOWN',
    adminStateUp: flagIn(wanted, 'admin_state_up') ?? true,
    description: textIn(wanted, 'description') ?? '',
    deviceId: textIn(wanted, 'device_id') ?? '',
    deviceOwner: textIn(wanted, 'device_owner') ?? '',
    securityGroups: [...groups],
    portSecurity: flagIn(wanted, 'port_security_enabled') ?? true,
    allowedAddressPairs: [],
    extraDhcpOpts: [],
    vnicType: 'normal',
    host: '',
    bornForServer: false,
    tags: new Set(),
    createdAt: now,
    updatedAt: now,
  };
  if (port.name.length > 255)
    throw badRequest('Invalid input for name. Reason: it exceeds 255 characters.', 'HTTPBadRequest');
  state.ports.set(port.id, port);
  return port;
}

async function create(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'port');
  const network = visibleNetwork(world, call, requiredText(wanted, 'network_id'));
  refuseChoice(call, network, wanted);
  const port = makePort(world, projectOf(call.token), network, wanted);
  return { status: 201, json: { port: portView(port) } };
}

function find(world: World, call: Call): Port {
  const port = world.network.ports.get(param(call, 'id'));
  if (!port || (port.projectId !== projectOf(call.token) && !isAdmin(call.token)))
    throw notFound(`Port ${param(call, 'id')} could not be found.`, 'PortNotFound');
  return port;
}

async function update(world: World, call: Call): Promise<Reply> {
  const port = find(world, call);
  const wanted = objectIn(await call.json(), 'port');
  port.name = textIn(wanted, 'name') ?? port.name;
  port.description = textIn(wanted, 'description') ?? port.description;
  port.adminStateUp = flagIn(wanted, 'admin_state_up') ?? port.adminStateUp;
  port.deviceId = textIn(wanted, 'device_id') ?? port.deviceId;
  port.securityGroups = textsIn(wanted, 'security_groups') ?? port.securityGroups;
  port.updatedAt = Date.now();
  return { status: 200, json: { port: portView(port) } };
}

const FILTERS = [
  'id',
  'name',
  'network_id',
  'mac_address',
  'description',
  'device_id',
  'device_owner',
  'project_id',
  'tenant_id',
  'status',
];

/** `wanted` is `ip_address=A` or `subnet_id=S`. */
function hasFixedIp(port: Port | undefined, wanted: string): boolean {
  const [key, value] = wanted.split('=', 2);
  if (key !== 'ip_address' && key !== 'subnet_id')
    throw badRequest(`Invalid input for fixed_ips: '${wanted}'.`, 'HTTPBadRequest');
  return port?.fixedIps.some((ip) => ip[key] === value) ?? false;
}

export function portRoutes(world: World): Service['routes'] {
  const { ports } = world.network;
  return [
    route('GET', '/v2.0/ports', (call) => {
      const seen = [...ports.values()].filter(
        (port) => (isAdmin(call.token) || port.projectId === projectOf(call.token)) && tagged(call, port),
      );
      const wantedIps = call.query.getAll('fixed_ips').flatMap((text) => text.split(','));
      const found = matching(call, seen.map(portView), FILTERS).filter((view) =>
        wantedIps.every((wanted) => hasFixedIp(ports.get(String(view['id'])), wanted)),
      );
      return { status: 200, json: { ports: found } };
    }),
    route('POST', '/v2.0/ports', (call) => create(world, call)),
    route('GET', '/v2.0/ports/:id', (call) => ({ status: 200, json: { port: portView(find(world, call)) } })),
    ...tagRoutes('ports', (call) => find(world, call)),
    route('PUT', '/v2.0/ports/:id', (call) => update(world, call)),
    route('DELETE', '/v2.0/ports/:id', (call) => {
      ports.delete(find(world, call).id);
      return { status: 204 };
    }),
  ];
}
