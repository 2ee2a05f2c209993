import type { DestinationFacts } from '@guts/core';
import {
  availabilityZones,
  computeLimits,
  imageLimits,
  listFlavors,
  listNetworks,
  listSecurityGroups,
  listSubnets,
  listVolumeTypes,
  type OpenStackSession,
  portsLeft,
  volumeLimits,
} from '@guts/openstack';
import type { VolumeAccess } from './settings.ts';

/** Everything that mapping and preflight decide with. */
export async function readFacts(
  session: OpenStackSession,
  volumeAccess: VolumeAccess,
  signal: AbortSignal,
): Promise<DestinationFacts> {
  const hasVolumes = session.has('volume');
  const [flavors, networks, subnets, groups, compute, ports, types, volumes] = await Promise.all([
    listFlavors(session, signal),
    listNetworks(session, signal),
    listSubnets(session, signal),
    listSecurityGroups(session, signal),
    computeLimits(session, signal),
    portsLeft(session, signal),
    hasVolumes ? listVolumeTypes(session, signal) : [],
    hasVolumes ? volumeLimits(session, signal) : { volumes: 0, gigabytes: 0 },
  ]);
  // Not with the others: Node warns of more than ten listeners on one signal.
  const [images, serverZones, volumeZones] = await Promise.all([
    imageLimits(session, signal),
    availabilityZones(session, 'compute', signal),
    hasVolumes ? availabilityZones(session, 'volume', signal) : null,
  ]);
  return {
    project: session.project,
    admin: session.roles.includes('admin'),
    flavors: flavors.map((one) => ({
      id: one.id,
      name: one.name,
      vcpus: one.vcpus,
      ramMiB: one.ram,
      diskGiB: one.disk,
      ephemeralGiB: one['OS-FLV-EXT-DATA:ephemeral'] ?? 0,
      extraSpecs: one.extra_specs ?? {},
    })),
    networks: networks.map((one) => ({
      id: one.id,
      name: one.name,
      shared: one.shared,
      external: one['router:external'] ?? false,
      own: one.project_id === session.project.id,
      subnets: subnets
        .filter((subnet) => subnet.network_id === one.id)
        .map(({ id, name, cidr, ip_version }) => ({ id, name, cidr, ipVersion: ip_version })),
    })),
    availabilityZones: { compute: serverZones, volume: volumeZones },
    volumeTypes: types.map((one) => one.name),
    securityGroups: groups.map(({ id, name }) => ({ id, name })),
    quota: {
      instances: compute.instances,
      cores: compute.cores,
      ramMiB: compute.ram,
      volumes: volumes.volumes,
      gigabytes: volumes.gigabytes,
      ports,
      images: images.images,
      imageMiB: images.sizeMiB,
      imageUploads: images.uploads,
    },
    volumeTransports:
      volumeAccess === 'image' ? ['image'] : [volumeAccess === 'auto' ? 'auto' : 'device', 'image'],
  };
}
