/** Flavors and servers. */
export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
  readonly isPublic: boolean;
  readonly description: string | null;
  readonly extraSpecs: Record<string, string>;
}

export interface AttachedVolume {
  readonly volumeId: string;
  readonly attachmentId: string;
  readonly device: string;
  readonly bootIndex: number | null;
  readonly deleteOnTermination: boolean;
  readonly tag: string | null;
}

export interface ServerFault {
  readonly code: number;
  readonly message: string;
  readonly createdAt: number;
}

export interface Server {
  readonly id: string;
  name: string;
  description: string | null;
  readonly projectId: string;
  readonly userId: string;
  readonly flavor: Flavor;
  /** Null when booted from a volume. */
  readonly imageId: string | null;
  /** `hw_*` and the like that the boot disk brought: from the image, or the volume's image metadata. */
  imageProperties: Readonly<Record<string, string>>;
  status: 'BUILD' | 'ACTIVE' | 'SHUTOFF' | 'ERROR' | 'REBOOT' | 'HARD_REBOOT';
  taskState: string | null;
  vmState: string;
  powerState: number;
  fault: ServerFault | undefined;
  /** By whom it is locked, and why. */
  lock: { readonly by: 'owner' | 'admin'; readonly reason: string | null } | undefined;
  metadata: Record<string, string>;
  readonly tags: Set<string>;
  readonly keyName: string | null;
  readonly configDrive: boolean;
  readonly availabilityZone: string;
  volumes: AttachedVolume[];
  readonly portIds: string[];
  /** Text of the serial console since the last start. */
  console: string;
  /** Counts starts, so that a boot under way knows that it was overtaken. */
  starts: number;
  readonly createdAt: number;
  updatedAt: number;
  launchedAt: number | undefined;
}

export interface ComputeState {
  readonly flavors: Map<string, Flavor>;
  readonly servers: Map<string, Server>;
}
