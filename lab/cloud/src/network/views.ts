import { isoTime } from '../world.ts';
import type { Network, NetworkState, Port, SecurityGroup, SecurityGroupRule, Subnet } from './state.ts';

export function networkView(state: NetworkState, network: Network): Record<string, unknown> {
  return {
    id: network.id,
    name: network.name,
    project_id: network.projectId,
    tenant_id: network.projectId,
    shared: network.shared,
    admin_state_up: network.adminStateUp,
    status: 'ACTIVE',
    'router:external': network.external,
    port_security_enabled: network.portSecurity,
    mtu: network.mtu,
    description: network.description,
    subnets: [...state.subnets.values()].filter((one) => one.networkId === network.id).map((one) => one.id),
    tags: [...network.tags],
    created_at: isoTime(network.createdAt),
    updated_at: isoTime(network.updatedAt),
  };
}

export function subnetView(subnet: Subnet): Record<string, unknown> {
  return {
    id: subnet.id,
    name: subnet.name,
    network_id: subnet.networkId,
    project_id: subnet.projectId,
    tenant_id: subnet.projectId,
    cidr: subnet.cidr,
    ip_version: subnet.ipVersion,
    gateway_ip: subnet.gateway,
    allocation_pools: subnet.pools,
    enable_dhcp: subnet.dhcp,
    dns_nameservers: subnet.dnsNameservers,
    host_routes: subnet.hostRoutes,
    description: subnet.description,
    tags: [...subnet.tags],
  };
}

export function portView(port: Port): Record<string, unknown> {
  return {
    id: port.id,
    name: port.name,
    network_id: port.networkId,
    project_id: port.projectId,
    tenant_id: port.projectId,
    mac_address: port.macAddress,
    fixed_ips: port.fixedIps,
    status: port.status,
    admin_state_up: port.adminStateUp,
    description: port.description,
    device_id: port.deviceId,
    device_owner: port.deviceOwner,
    security_groups: port.securityGroups,
    port_security_enabled: port.portSecurity,
    allowed_address_pairs: port.allowedAddressPairs,
    extra_dhcp_opts: port.extraDhcpOpts,
    'binding:vnic_type': port.vnicType,
    tags: [...port.tags],
    created_at: isoTime(port.createdAt),
    updated_at: isoTime(port.updatedAt),
  };
}

export function groupView(state: NetworkState, group: SecurityGroup): Record<string, unknown> {
  return {
    id: group.id,
    name: group.name,
    project_id: group.projectId,
    tenant_id: group.projectId,
    description: group.description,
    stateful: group.stateful,
    security_group_rules: [...state.securityGroupRules.values()]
      .filter((rule) => rule.groupId === group.id)
      .map(ruleView),
    tags: [...group.tags],
  };
}

export function ruleView(rule: SecurityGroupRule): Record<string, unknown> {
  return {
    id: rule.id,
    security_group_id: rule.groupId,
    project_id: rule.projectId,
    tenant_id: rule.projectId,
    direction: rule.direction,
    ethertype: rule.ethertype,
    protocol: rule.protocol,
    port_range_min: rule.portRangeMin,
    port_range_max: rule.portRangeMax,
    remote_ip_prefix: rule.remoteIpPrefix,
    remote_group_id: rule.remoteGroupId,
    description: rule.description,
    created_at: isoTime(rule.createdAt),
  };
}
