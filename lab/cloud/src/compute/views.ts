import type { Call } from '../http/service.ts';
import { isoTime, type World } from '../world.ts';
import type { Flavor, Server } from './state.ts';

export function flavorView(flavor: Flavor, minor: number): Record<string, unknown> {
  return {
    id: flavor.id,
    name: flavor.name,
    vcpus: flavor.vcpus,
    ram: flavor.ram,
    disk: flavor.disk,
    swap: minor >= 75 ? 0 : '',
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    'os-flavor-access:is_public': flavor.isPublic,
    rxtx_factor: 1,
    links: [],
    ...(minor >= 55 ? { description: flavor.description } : {}),
    ...(minor >= 61 ? { extra_specs: flavor.extraSpecs } : {}),
  };
}

function addresses(world: World, server: Server): Record<string, unknown[]> {
  const found: Record<string, unknown[]> = {};
  for (const id of server.portIds) {
    const port = world.network.ports.get(id);
    const network = port && world.network.networks.get(port.networkId);
    if (!port || !network) continue;
    const list = (found[network.name] ??= []);
    for (const ip of port.fixedIps)
      list.push({
        addr: ip.ip_address,
        version: ip.ip_address.includes(':') ? 6 : 4,
        'OS-EXT-IPS:type': 'fixed',
        'OS-EXT-IPS-MAC:mac_addr': port.macAddress,
      });
  }
  return found;
}

export function serverView(world: World, call: Call, server: Server): Record<string, unknown> {
  const { flavor, fault } = server;
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    tenant_id: server.projectId,
    user_id: server.userId,
    metadata: server.metadata,
    addresses: addresses(world, server),
    image: server.imageId === null ? '' : { id: server.imageId, links: [] },
    flavor:
      call.minor >= 47
        ? {
            original_name: flavor.name,
            vcpus: flavor.vcpus,
            ram: flavor.ram,
            disk: flavor.disk,
            ephemeral: 0,
            swap: 0,
            extra_specs: flavor.extraSpecs,
          }
        : { id: flavor.id, links: [] },
    key_name: server.keyName,
    config_drive: server.configDrive ? 'True' : '',
    'OS-EXT-STS:task_state': server.taskState,
    'OS-EXT-STS:vm_state': server.vmState,
    'OS-EXT-STS:power_state': server.powerState,
    'OS-EXT-AZ:availability_zone': server.availabilityZone,
    'os-extended-volumes:volumes_attached': server.volumes.map((one) => ({
      id: one.volumeId,
      delete_on_termination: one.deleteOnTermination,
    })),
    ...(fault
      ? { fault: { code: fault.code, message: fault.message, created: isoTime(fault.createdAt) } }
      : {}),
    'OS-SRV-USG:launched_at': server.launchedAt === undefined ? null : isoTime(server.launchedAt),
    'OS-SRV-USG:terminated_at': null,
    ...(call.minor >= 9 ? { locked: server.lock !== undefined } : {}),
    ...(call.minor >= 73 ? { locked_reason: server.lock?.reason ?? null } : {}),
    ...(call.minor >= 19 ? { description: server.description } : {}),
    ...(call.minor >= 26 ? { tags: [...server.tags] } : {}),
    created: isoTime(server.createdAt),
    updated: isoTime(server.updatedAt),
    links: [],
  };
}
