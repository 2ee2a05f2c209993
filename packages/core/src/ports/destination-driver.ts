import type { ArtifactKind, MarkedObject, Marker } from '../artifact.ts';
import type { DiskReader, DiskWriter, Extent } from './disk.ts';
import type { ConnectContext, DriverSchemas, EndpointConfig, ValidationReport } from './driver.ts';

/** Opens connections to one kind of destination. */
export interface DestinationDriver {
  readonly schemas: DriverSchemas;
  /**
   * @param context.targetProject project name or id to work in; null: the credential's own
   * @throws GutsError `destination_unreachable`, `destination_untrusted`, `destination_login`
   */
  connect(
    config: EndpointConfig,
    context: ConnectContext & { readonly targetProject: string | null },
  ): Promise<DestinationConnection>;
}

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ramMiB: number;
  /** Root disk in GiB; 0: as large as the image. */
  readonly diskGiB: number;
  readonly ephemeralGiB: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
}
export interface DestinationSubnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly ipVersion: 4 | 6;
}
export interface DestinationNetwork {
  readonly id: string;
  readonly name: string;
  readonly shared: boolean;
  readonly external: boolean;
  /** Owned by the target project. */
  readonly own: boolean;
  readonly subnets: readonly DestinationSubnet[];
}
/** What is left of a quota; null: unlimited or not told. */
export interface QuotaRoom {
  readonly instances: number | null;
  readonly cores: number | null;
  readonly ramMiB: number | null;
  readonly volumes: number | null;
  readonly gigabytes: number | null;
  readonly ports: number | null;
  readonly images: number | null;
  /** MiB, over all images. */
  readonly imageMiB: number | null;
  /** Uploads that may begin beside those under way. */
  readonly imageUploads: number | null;
}
export type VolumeTransport = 'auto' | 'device' | 'image';

/** Everything mapping and preflight decide with, read once. */
export interface DestinationFacts {
  readonly project: { readonly id: string; readonly name: string };
  readonly admin: boolean;
  readonly flavors: readonly Flavor[];
  readonly networks: readonly DestinationNetwork[];
  readonly volumeTypes: readonly string[];
  readonly securityGroups: readonly { readonly id: string; readonly name: string }[];
  /** In which servers and volumes can be made now; null: the cloud does not tell. */
  readonly availabilityZones: {
    readonly compute: readonly string[] | null;
    readonly volume: readonly string[] | null;
  };
  readonly quota: QuotaRoom;
  /**
   * `device`: the worker reaches volumes as files or devices; `auto`: it is tried whether it does, volume by volume;
   * `image`: volumes are filled from a temporary image.
   */
  readonly volumeTransports: readonly VolumeTransport[];
}

/** An address of a network that a port has already. */
export interface HeldAddress {
  readonly networkId: string;
  /** MAC or IP address, as it was asked for. */
  readonly address: string;
  readonly portId: string;
  /** What stands in its marker, when it is one of ours. */
  readonly migrationId: string | null;
}

export interface PortSpec {
  readonly name: string;
  readonly networkId: string;
  readonly mac: string | null;
  readonly addresses: readonly { readonly subnetId?: string; readonly address?: string }[];
  readonly securityGroupIds: readonly string[];
}
export interface FlavorSpec {
  readonly name: string;
  readonly vcpus: number;
  readonly ramMiB: number;
  readonly diskGiB: number;
}
export interface VolumeSpec {
  readonly name: string;
  readonly sizeGiB: number;
  readonly volumeType: string | null;
  readonly availabilityZone: string | null;
  /** Filled from this image; null: empty. */
  readonly imageId: string | null;
}
export interface ImageSpec {
  readonly name: string;
  readonly format: 'raw' | 'qcow2';
  readonly minDiskGiB: number;
  readonly properties: Readonly<Record<string, string>>;
}
export interface AttachmentSpec {
  readonly volumeId: string;
}
export interface ServerSpec {
  readonly name: string;
  readonly flavorId: string;
  readonly portIds: readonly string[];
  readonly bootImageId: string | null;
  readonly bootVolumeId: string | null;
  /** In the order of the source's disks. */
  readonly dataVolumeIds: readonly string[];
  /** Bus that the data volumes are put on; null: the boot disk's. */
  readonly dataDiskBus: string | null;
  readonly availabilityZone: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}
export interface ArtifactSpecs {
  readonly port: PortSpec;
  readonly flavor: FlavorSpec;
  readonly volume: VolumeSpec;
  readonly image: ImageSpec;
  readonly attachment: AttachmentSpec;
  readonly server: ServerSpec;
}
export type DestinationArtifactKind = keyof ArtifactSpecs & ArtifactKind;

/** What creating or finding gave. `data` is journalled. */
export interface CreatedArtifact {
  readonly externalId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How an image is sent. */
export interface ImageUploadOptions {
  readonly format: 'raw' | 'qcow2';
  /** Of the disk; bytes. */
  readonly size: number;
  /** Extents that may hold data; needed for qcow2. */
  readonly areas: readonly Extent[] | null;
  /** Whether what is sent is digested, to be compared with what was stored. */
  readonly sha512: boolean;
  readonly signal: AbortSignal;
}

/** What was sent of an image. */
export interface SentImage {
  readonly bytesSent: number;
  /** In hexadecimal; null: it was not to be digested. */
  readonly sha512: string | null;
}

/** An image being sent in one pass. */
export interface ImageUpload {
  /** Takes bytes in order only. */
  readonly writer: DiskWriter;
  /** Resolves when the destination has it all; rejects when the upload fails. Never left unhandled. */
  readonly done: Promise<SentImage>;
}

export type ServerState = 'building' | 'active' | 'off' | 'error' | 'gone' | 'other';

/** A destination, connected and scoped to the target project. Everything throws GutsError. */
export interface DestinationConnection {
  readonly project: { readonly id: string; readonly name: string };
  validate(signal: AbortSignal): Promise<ValidationReport>;
  facts(signal: AbortSignal): Promise<DestinationFacts>;
  /**
   * Which of these addresses ports have already, of those ports that this credential sees: members see their
   * project's own, so that what is not told may still be taken.
   */
  heldAddresses(
    wanted: readonly { readonly networkId: string; readonly addresses: readonly string[] }[],
    signal: AbortSignal,
  ): Promise<readonly HeldAddress[]>;
  /** Makes it, marked, and waits until it can be used. The caller has journalled the intent. */
  create<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact>;
  /** By its marker, whatever its state; for an attachment by its volume. */
  find<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact | null>;
  /** External ids of all that carry its marker: a request whose answer was lost may be carried out late, and twice. */
  findAll<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /**
   * Waits until what {@link find} gave can be used, as {@link create} does.
   * @throws GutsError when it never will: with `details.unusable === true` when it must be removed and made anew
   * (half made, in error, being deleted)
   */
  waitUsable<K extends DestinationArtifactKind>(
    kind: K,
    externalId: string,
    spec: ArtifactSpecs[K],
    signal: AbortSignal,
  ): Promise<void>;
  /** Deletes it and waits until it is gone. */
  remove(
    kind: DestinationArtifactKind,
    externalId: string,
    signal: AbortSignal,
  ): Promise<'removed' | 'absent'>;

  /**
   * What a volume has beyond the disk reads as zero, whatever was there before.
   * @param data what creating the attachment gave
   * @param size of the disk in bytes; the volume's is a whole number of GiB
   */
  openVolumeWriter(
    data: Readonly<Record<string, unknown>>,
    size: number,
    options: { /** Nothing was ever written to it. */ readonly fresh: boolean },
    signal: AbortSignal,
  ): Promise<DiskWriter>;
  openVolumeReader(
    data: Readonly<Record<string, unknown>>,
    size: number,
    signal: AbortSignal,
  ): Promise<DiskReader>;
  uploadImage(imageId: string, options: ImageUploadOptions): ImageUpload;
  /** What the image service says of the bytes it stored; algorithm `none` when it keeps no hash. */
  imageDigest(
    imageId: string,
    signal: AbortSignal,
  ): Promise<{
    readonly status: string;
    readonly size: number;
    readonly algorithm: string;
    readonly hash: string;
  }>;
  /** The bytes that the image service stored, as they come. @throws GutsError `destination_refused` */
  readImage(imageId: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Makes a volume bootable and sets its image metadata. */
  prepareBootVolume(
    volumeId: string,
    properties: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;

  serverState(serverId: string, signal: AbortSignal): Promise<{ state: ServerState; message: string | null }>;
  /** Waits until it is off. */
  stopServer(serverId: string, signal: AbortSignal): Promise<void>;
  /** Stops it and keeps it from being started by mistake (locked, where the cloud can), with the reason. */
  parkServer(serverId: string, reason: string, signal: AbortSignal): Promise<void>;
  /** Everything in this project that carries a marker of ours, whoever made it. */
  listMarked(signal: AbortSignal): AsyncIterable<MarkedObject>;
  startServer(serverId: string, signal: AbortSignal): Promise<void>;
  /** Console text, or null when there is none (yet). */
  console(serverId: string, signal: AbortSignal): Promise<string | null>;
  close(): Promise<void>;
}
