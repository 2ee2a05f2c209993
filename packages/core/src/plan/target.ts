import type { VolumeTransport } from '../ports/destination-driver.ts';
import type { TransportName } from '../migration.ts';

export interface TargetNic {
  readonly key: string;
  readonly label: string;
  readonly networkId: string;
  readonly networkName: string;
  /** Null: Neutron chooses. */
  readonly mac: string | null;
  /** Empty: Neutron chooses. */
  readonly addresses: readonly { readonly subnetId?: string; readonly address?: string }[];
}

export interface TargetDisk {
  readonly key: string;
  readonly objectId: string;
  readonly label: string;
  readonly capacityBytes: number;
  readonly sizeGiB: number;
  readonly boot: boolean;
  /** `image`: the server's root disk is made from an image; `volume`: a Cinder volume. */
  readonly target: 'image' | 'volume';
  readonly volumeType: string | null;
  /** How a volume gets its bytes; `auto`: reserve tries whether the worker reaches it, and says what it found. */
  readonly fill: VolumeTransport;
}

/** Every decision about the target, made once in preflight and then only followed. */
export interface TargetPlan {
  readonly serverName: string;
  readonly transport: TransportName;
  readonly nics: readonly TargetNic[];
  readonly disks: readonly TargetDisk[];
  readonly flavor: { readonly id: string; readonly name: string; readonly reason: string };
  readonly securityGroupIds: readonly string[];
  readonly availabilityZone: string | null;
  /** Bus of the data volumes; null: the boot disk's. */
  readonly dataDiskBus: string | null;
  /** Image properties, or volume image metadata of the boot volume. */
  readonly properties: Readonly<Record<string, string>>;
}
