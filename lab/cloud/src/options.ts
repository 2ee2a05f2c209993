/** What a fake cloud is made of, and the defaults: the lab's seed (flavors, networks, volume types). */
export interface UserOption {
  readonly name: string;
  /** Random when not given; `Cloud.users` tells it. */
  readonly password?: string;
  /** Name of the project; made when missing. */
  readonly project: string;
  readonly roles: readonly string[];
  /** Other projects in which it has these roles; made when missing. */
  readonly alsoIn?: readonly string[];
}

export interface FlavorOption {
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB of the root disk. */
  readonly disk: number;
}

export interface NetworkOption {
  readonly name: string;
  readonly cidr: string;
  readonly gateway?: string;
  /** First and last address to give out. */
  readonly pool?: readonly [string, string];
  readonly shared?: boolean;
  /** Owner; default `admin`. */
  readonly project?: string;
  readonly mtu?: number;
}

/** Limits per project; -1 is no limit. */
export interface Quotas {
  readonly instances: number;
  readonly cores: number;
  /** MiB. */
  readonly ram: number;
  readonly networks: number;
  readonly subnets: number;
  readonly ports: number;
  readonly securityGroups: number;
  readonly securityGroupRules: number;
  readonly volumes: number;
  readonly snapshots: number;
  /** GiB, over all volumes and snapshots. */
  readonly gigabytes: number;
  /** GiB, of one volume. */
  readonly perVolumeGigabytes: number;
  /** MiB, over all images. */
  readonly imageSizeTotal: number;
  readonly imageCountTotal: number;
  readonly imageCountUploading: number;
}

export interface Zones {
  readonly compute: readonly string[];
  readonly volume: readonly string[];
}

/** How long things take, in milliseconds. */
export interface Delays {
  readonly imageActivate: number;
  readonly volumeCreate: number;
  readonly volumeDelete: number;
  readonly volumeAttach: number;
  /** From the end of a volume's last attachment until it is available; 0 (default): at once, as Cinder's NFS driver. */
  readonly volumeDetach: number;
  readonly volumeExtend: number;
  readonly serverBuild: number;
  readonly serverDelete: number;
  readonly serverPower: number;
  /** From power on to the guest's last console line. */
  readonly guestBoot: number;
}

export interface CloudOptions {
  /** Loopback unless told otherwise. */
  readonly host?: string;
  /** 0 (default) takes a free one. */
  readonly port?: number;
  /** Where bytes of images and volumes live; made when missing. */
  readonly stateDir: string;
  readonly region?: string;
  readonly users?: readonly UserOption[];
  readonly flavors?: readonly FlavorOption[];
  readonly networks?: readonly NetworkOption[];
  readonly volumeTypes?: readonly string[];
  readonly quotas?: Partial<Quotas>;
  /** A folder in which every server's volumes appear as udev names them, as if whoever looks there were that server. */
  readonly deviceDir?: string;
  /** What attachments say of their volumes instead: `{ driver_volume_type: 'rbd' }`, `{ format: 'qcow2' }`. */
  readonly connectionInfo?: Readonly<Record<string, unknown>>;
  /** Availability zones; default `nova` for both. */
  readonly zones?: Partial<Zones>;
  /** Glance's `hashing_algorithm`, as node:crypto calls it; default `sha512`. Null: none, as before Rocky. */
  readonly imageHash?: string | null;
  readonly delays?: Partial<Delays>;
  /** Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  /** PEM texts; the API is then HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Where bugs of the fake are told; default standard error. */
  readonly onBug?: (error: unknown) => void;
}

export const DEFAULT_USERS: readonly UserOption[] = [
  { name: 'admin', project: 'admin', roles: ['admin'] },
  { name: 'demo', project: 'demo', roles: ['member'] },
];

export const DEFAULT_FLAVORS: readonly FlavorOption[] = [
  { name: 'm1.nano', vcpus: 1, ram: 192, disk: 1 },
  { name: 'm1.micro', vcpus: 1, ram: 256, disk: 2 },
  { name: 'm1.tiny', vcpus: 1, ram: 512, disk: 4 },
  { name: 'm1.small', vcpus: 1, ram: 1024, disk: 20 },
  { name: 'm1.medium', vcpus: 2, ram: 2048, disk: 40 },
  { name: 'm1.large', vcpus: 4, ram: 4096, disk: 80 },
];

export const DEFAULT_NETWORKS: readonly NetworkOption[] = [
  { name: 'provider1', cidr: '10.77.1.0/24', pool: ['10.77.1.100', '10.77.1.199'], shared: true },
  { name: 'provider2', cidr: '10.77.2.0/24', pool: ['10.77.2.100', '10.77.2.199'], shared: true },
  { name: 'private', cidr: '192.168.77.0/24', project: 'demo', mtu: 1450 },
];

/** The services' own defaults (nova.conf, neutron.conf, cinder.conf, glance-api.conf of Zed). */
export const DEFAULT_QUOTAS: Quotas = {
  instances: 10,
  cores: 20,
  ram: 51_200,
  networks: 100,
  subnets: 100,
  ports: 500,
  securityGroups: 10,
  securityGroupRules: 100,
  volumes: 10,
  snapshots: 10,
  gigabytes: 1000,
  perVolumeGigabytes: -1,
  imageSizeTotal: -1,
  imageCountTotal: -1,
  imageCountUploading: -1,
};

export const DEFAULT_DELAYS: Delays = {
  imageActivate: 30,
  volumeCreate: 100,
  volumeDelete: 80,
  volumeAttach: 80,
  volumeDetach: 0,
  volumeExtend: 80,
  serverBuild: 250,
  serverDelete: 120,
  serverPower: 120,
  guestBoot: 200,
};
