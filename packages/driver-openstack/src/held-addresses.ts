import { type HeldAddress, parseMarker } from '@guts/core';
import { listPorts, type OpenStackSession } from '@guts/openstack';

/** Ports that have an address already, of those that the credential sees; asked one address at a time. */
export async function heldAddresses(
  session: OpenStackSession,
  wanted: readonly { readonly networkId: string; readonly addresses: readonly string[] }[],
  signal: AbortSignal,
): Promise<HeldAddress[]> {
  const held: HeldAddress[] = [];
  for (const { networkId, addresses } of wanted)
    for (const address of addresses) {
      const isMac = /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(address);
      const filter = isMac ? { mac_address: address } : { fixed_ips: `ip_address=${address}` };
      for (const port of await listPorts(session, { network_id: networkId, ...filter }, signal))
        held.push({
          networkId,
          address,
          portId: port.id,
          migrationId: parseMarker(port.description ?? '')?.migrationId ?? null,
        });
    }
  return held;
}
