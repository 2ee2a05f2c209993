import { isStatus } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly shared: boolean;
  readonly 'router:external'?: boolean;
  readonly subnets: readonly string[];
  readonly port_security_enabled?: boolean;
  /** Bytes. */
  readonly mtu?: number;
}
export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly network_id: string;
  readonly cidr: string;
  readonly ip_version: 4 | 6;
  readonly gateway_ip?: string | null;
  readonly enable_dhcp?: boolean;
  readonly allocation_pools?: readonly { readonly start: string; readonly end: string }[];
}
/** Addresses that a port may use beside its own. */
export interface AddressPair {
  /** An address or a CIDR. */
  readonly ip_address: string;
  /** The port's own when left out. */
  readonly mac_address?: string;
}
export interface Port {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly device_id: string;
  readonly project_id: string;
  /** ACTIVE, DOWN, BUILD, ERROR, N/A. */
  readonly status: string;
  readonly admin_state_up: boolean;
  readonly security_groups: readonly string[];
  readonly allowed_address_pairs?: readonly AddressPair[];
  readonly port_security_enabled?: boolean;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
}
export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
}

/** Networking API v2.0. */
export function listNetworks(session: OpenStackSession, signal: AbortSignal): Promise<Network[]> {
  return collect(listAll<Network>(session, 'network', '/networks', 'networks', {}, signal));
}

export function listSubnets(session: OpenStackSession, signal: AbortSignal): Promise<Subnet[]> {
  return collect(listAll<Subnet>(session, 'network', '/subnets', 'subnets', {}, signal));
}

export function listSecurityGroups(session: OpenStackSession, signal: AbortSignal): Promise<SecurityGroup[]> {
  const filter = { project_id: session.project.id };
  return collect(
    listAll<SecurityGroup>(session, 'network', '/security-groups', 'security_groups', filter, signal),
  );
}

export async function createPort(
  session: OpenStackSession,
  port: {
    readonly networkId: string;
    readonly name: string;
    readonly description: string;
    readonly mac: string | null;
    readonly fixedIps: readonly { readonly subnet_id?: string; readonly ip_address?: string }[];
    readonly securityGroupIds: readonly string[];
    readonly allowedAddressPairs?: readonly AddressPair[];
    /** False lets every address pass, and takes no security groups. */
    readonly portSecurityEnabled?: boolean;
    readonly adminStateUp?: boolean;
  },
  signal: AbortSignal,
): Promise<Port> {
  const json = {
    port: {
      network_id: port.networkId,
      name: port.name,
      description: port.description,
      admin_state_up: port.adminStateUp ?? true,
      ...(port.mac === null ? {} : { mac_address: port.mac }),
      ...(port.fixedIps.length === 0 ? {} : { fixed_ips: port.fixedIps }),
      // An empty list would mean no group at all; left out, the default group applies.
      ...(port.securityGroupIds.length === 0 ? {} : { security_groups: port.securityGroupIds }),
      ...(port.allowedAddressPairs?.length ? { allowed_address_pairs: port.allowedAddressPairs } : {}),
      ...(port.portSecurityEnabled === undefined ? {} : { port_security_enabled: port.portSecurityEnabled }),
    },
  };
  const made = await session.call('network', { method: 'POST', path: '/ports', json, signal });
  return (made as { port: Port }).port;
}

/** Null when it does not exist, or not for this project. */
export async function getPort(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<Port | null> {
  try {
    const answer = await session.call('network', { path: `/ports/${id}`, signal });
    return (answer as { port: Port }).port;
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** Fields in Neutron's own names. */
export async function updatePort(
  session: OpenStackSession,
  id: string,
  changes: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Port> {
  const json = { port: changes };
  const answer = await session.call('network', { method: 'PUT', path: `/ports/${id}`, json, signal });
  return (answer as { port: Port }).port;
}

/** Replaces the port's tags (extension `standard-attr-tag`). */
export async function setPortTags(
  session: OpenStackSession,
  id: string,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await session.call('network', { method: 'PUT', path: `/ports/${id}/tags`, json: { tags }, signal });
}

/** Aliases of the extensions that the cloud has, such as `allowed-address-pairs`, `port-security`. */
export async function networkExtensions(
  session: OpenStackSession,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const answer = await session.call('network', { path: '/extensions', signal });
  return new Set((answer as { extensions: { alias: string }[] }).extensions.map((one) => one.alias));
}

export function listPorts(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Port[]> {
  return collect(eachPort(session, filter, signal));
}

/** The same, a page at a time. */
export function eachPort(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Port, void> {
  return listAll<Port>(session, 'network', '/ports', 'ports', filter, signal);
}

export async function deletePort(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.call('network', { method: 'DELETE', path: `/ports/${id}`, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** How many ports may still be made; null: unlimited, or the cloud does not tell. */
export async function portsLeft(session: OpenStackSession, signal: AbortSignal): Promise<number | null> {
  try {
    const path = `/quotas/${session.project.id}/details.json`;
    const answer = (await session.call('network', { path, signal })) as {
      quota?: { port?: { limit: number; used: number; reserved: number } };
    };
    const port = answer.quota?.port;
    return port && port.limit >= 0 ? Math.max(0, port.limit - port.used - port.reserved) : null;
  } catch (error) {
    // The details extension is not everywhere, and some clouds keep quotas from members.
    if (isStatus(error, 403, 404)) return null;
    throw error;
  }
}
