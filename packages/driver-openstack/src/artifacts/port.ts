import { GutsError, type Marker, markerText, type PortSpec } from '@guts/core';
import {
  createPort,
  deletePort,
  eachPort,
  getPort,
  isOverQuota,
  isStatus,
  listPorts,
  type OpenStackSession,
  type Port,
} from '@guts/openstack';
import { type ArtifactKindOps, markedBy } from './artifact-kind.ts';
import { untilGone } from './until-gone.ts';

/** Neutron's refusals, which the operator can do something about. */
function explain(error: unknown, spec: PortSpec): unknown {
  const wanted = [spec.mac, ...spec.addresses.map((one) => one.address)].filter(Boolean).join(', ');
  if (isStatus(error, 403) && !isOverQuota(error) && wanted !== '')
    return new GutsError(
      'destination_refused',
      `this project may not choose ${wanted} on the network: ${error.detail}`,
      {
        cause: error,
        remedy:
          "On a network shared by another project only that project and administrators choose MAC and IP addresses. Use the project's own network, or let Neutron choose (--no-keep-mac, no --keep-ip).",
      },
    );
  if (isStatus(error, 409) && /InUse|AlreadyAllocated/i.test(error.faultName))
    return new GutsError('destination_refused', `${wanted} is taken on the network: ${error.detail}`, {
      cause: error,
      remedy: 'Free it (a port left over from an earlier try?), or choose another.',
    });
  return error;
}

const REMOVE_SECONDS = 300;

async function carrying(
  session: OpenStackSession,
  { networkId }: PortSpec,
  marker: Marker,
  signal: AbortSignal,
): Promise<Port[]> {
  const description = markerText(marker);
  const ports = await listPorts(session, { network_id: networkId, description }, signal);
  return ports.filter((one) => one.description === description);
}

/** Marked in the description. */
export const portOps: ArtifactKindOps<'port'> = {
  service: 'network',
  async *marked(session, signal) {
    // Administrators would see everybody's.
    for await (const one of eachPort(session, { project_id: session.project.id }, signal))
      yield* markedBy(one.description, 'port', one.id, one.name);
  },
  async create(session, spec, marker, signal) {
    const fixedIps = spec.addresses.map((one) => ({
      ...(one.subnetId === undefined ? {} : { subnet_id: one.subnetId }),
      ...(one.address === undefined ? {} : { ip_address: one.address }),
    }));
    const { networkId, name, mac, securityGroupIds } = spec;
    const description = markerText(marker);
    try {
      const port = await createPort(
        session,
        { networkId, name, description, mac, fixedIps, securityGroupIds },
        signal,
      );
      return { externalId: port.id, data: { mac: port.mac_address, addresses: port.fixed_ips } };
    } catch (error) {
      throw explain(error, spec);
    }
  },
  async find(session, spec, marker, signal) {
    const [port] = await carrying(session, spec, marker, signal);
    return port ? { externalId: port.id, data: { mac: port.mac_address, addresses: port.fixed_ips } } : null;
  },
  async findAll(session, spec, marker, signal) {
    return (await carrying(session, spec, marker, signal)).map((one) => one.id);
  },
  remove: (session, id, signal) =>
    untilGone({
      what: `port ${id}`,
      deadlineSeconds: REMOVE_SECONDS,
      signal,
      look: async () => ((await getPort(session, id, signal)) ? 'there' : 'absent'),
      ask: () => deletePort(session, id, signal),
    }),
};
