/** IP addresses for ports: chosen ones are checked, others come from the pools. */
import { badRequest, conflict } from '../http/api-error.ts';
import { textIn, type JsonObject } from '../http/json.ts';
import { inRange, parseCidr, toNumber, toText } from './address.ts';
import type { FixedIp, Network, NetworkState, Subnet } from './state.ts';

function taken(state: NetworkState, subnet: Subnet, exceptPort: string | null): Set<string> {
  const used = new Set<string>(subnet.gateway === null ? [] : [subnet.gateway]);
  for (const port of state.ports.values())
    if (port.id !== exceptPort)
      for (const ip of port.fixedIps) if (ip.subnet_id === subnet.id) used.add(ip.ip_address);
  return used;
}

function nextFree(state: NetworkState, subnet: Subnet, exceptPort: string | null): string {
  const used = taken(state, subnet, exceptPort);
  for (const { start, end } of subnet.pools)
    for (let at = toNumber(start); at <= toNumber(end); at += 1n) {
      const address = toText(at, subnet.ipVersion);
      if (!used.has(address)) return address;
    }
  throw conflict(
    `No more IP addresses available on network ${subnet.networkId}.`,
    'IpAddressGenerationFailure',
  );
}

function chosen(state: NetworkState, subnet: Subnet, address: string, exceptPort: string | null): FixedIp {
  if (!inRange(parseCidr(subnet.cidr), address))
    throw badRequest(
      `IP address ${address} is not a valid IP for the specified subnet.`,
      'InvalidIpForSubnet',
    );
  if (taken(state, subnet, exceptPort).has(address))
    throw conflict(
      `IP address ${address} already allocated in subnet ${subnet.id}`,
      'IpAddressAlreadyAllocated',
    );
  return { subnet_id: subnet.id, ip_address: address };
}

/** One address of the first subnet when none are asked for, as Neutron does for IPv4. */
export function allocate(
  state: NetworkState,
  network: Network,
  wanted: readonly JsonObject[] | undefined,
  exceptPort: string | null = null,
): FixedIp[] {
  const subnets = [...state.subnets.values()].filter((one) => one.networkId === network.id);
  if (!wanted) {
    const [first] = subnets;
    return first ? [{ subnet_id: first.id, ip_address: nextFree(state, first, exceptPort) }] : [];
  }
  return wanted.map((one) => {
    const id = textIn(one, 'subnet_id');
    const address = textIn(one, 'ip_address');
    const fits = (subnet: Subnet): boolean =>
      id === undefined ? address !== undefined && inRange(parseCidr(subnet.cidr), address) : subnet.id === id;
    const subnet = subnets.find(fits);
    if (!subnet)
      throw badRequest(
        `IP address ${address ?? ''} is not a valid IP for any of the subnets on the specified network.`,
        'InvalidIpForNetwork',
      );
    return address === undefined
      ? { subnet_id: subnet.id, ip_address: nextFree(state, subnet, exceptPort) }
      : chosen(state, subnet, address, exceptPort);
  });
}
