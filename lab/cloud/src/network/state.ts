/** Networks, subnets, ports and security groups. */
export interface Network {
  readonly id: string;
  name: string;
  readonly projectId: string;
  shared: boolean;
  adminStateUp: boolean;
  description: string;
  portSecurity: boolean;
  mtu: number;
  external: boolean;
  readonly tags: Set<string>;
  readonly createdAt: number;
  updatedAt: number;
}

export interface Subnet {
  readonly id: string;
  name: string;
  readonly networkId: string;
  readonly projectId: string;
  readonly cidr: string;
  readonly ipVersion: 4 | 6;
  gateway: string | null;
  pools: { readonly start: string; readonly end: string }[];
  dhcp: boolean;
  description: string;
  dnsNameservers: string[];
  hostRoutes: unknown[];
  readonly ipv6AddressMode: string | null;
  readonly ipv6RaMode: string | null;
  readonly tags: Set<string>;
  readonly createdAt: number;
  updatedAt: number;
}

export interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

export interface Port {
  readonly id: string;
  name: string;
  readonly networkId: string;
  readonly projectId: string;
  macAddress: string;
  fixedIps: readonly FixedIp[];
  status: 'DOWN' | 'ACTIVE' | 'BUILD';
  adminStateUp: boolean;
  description: string;
  deviceId: string;
  deviceOwner: string;
  securityGroups: string[];
  portSecurity: boolean;
  allowedAddressPairs: { ip_address: string; mac_address: string }[];
  extraDhcpOpts: unknown[];
  vnicType: string;
  host: string;
  /** Made by Nova for a server, which deletes it with the server. */
  bornForServer: boolean;
  readonly tags: Set<string>;
  readonly createdAt: number;
  updatedAt: number;
}

export interface SecurityGroupRule {
  readonly id: string;
  readonly groupId: string;
  readonly projectId: string;
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol: string | null;
  readonly portRangeMin: number | null;
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  readonly remoteGroupId: string | null;
  readonly description: string;
  readonly createdAt: number;
}

export interface SecurityGroup {
  readonly id: string;
  name: string;
  readonly projectId: string;
  description: string;
  stateful: boolean;
  readonly tags: Set<string>;
  readonly createdAt: number;
  updatedAt: number;
}

export class NetworkState {
  readonly networks = new Map<string, Network>();
  readonly subnets = new Map<string, Subnet>();
  readonly ports = new Map<string, Port>();
  readonly securityGroups = new Map<string, SecurityGroup>();
  readonly securityGroupRules = new Map<string, SecurityGroupRule>();
}
