import type { MarkedObject, Marker } from '../artifact.ts';
import type { Instance, InventoryObject, PowerState } from '../inventory.ts';
import type { TransportName } from '../migration.ts';
import type { Finding } from '../preflight/finding.ts';
import type { DiskReader, DiskStream, Extent } from './disk.ts';
import type { ConnectContext, DriverSchemas, EndpointConfig, ValidationReport } from './driver.ts';

export interface TransportCapabilities {
  readonly name: TransportName;
  readonly randomAccess: boolean;
  readonly multiPass: boolean;
  /** May read a running machine's snapshot. */
  readonly whileRunning: boolean;
}

/** Opens connections to one kind of source. */
export interface SourceDriver {
  readonly schemas: DriverSchemas;
  readonly transports: readonly TransportCapabilities[];
  /** @throws GutsError `source_unreachable`, `source_untrusted`, `source_login` */
  connect(config: EndpointConfig, context: ConnectContext): Promise<SourceConnection>;
}

/** One disk, opened for reading. */
export interface OpenDisk {
  readonly key: string;
  readonly source: DiskReader | DiskStream;
}

/** Several disks of one instance at one point in time; one lease may stand behind all of them. */
export interface DiskSession {
  readonly transport: TransportName;
  readonly disks: readonly OpenDisk[];
  /** The lease's or other handle's id, journalled so that a successor can abort it. */
  readonly externalId: string | null;
  /** Bytes done over bytes total, 0 to 1, for the keep-alive's progress. */
  progress(fraction: number): void;
  /** Ends it well. */
  complete(signal: AbortSignal): Promise<void>;
  /** Ends it ill; never throws for what is already gone. */
  abort(signal: AbortSignal): Promise<void>;
}

/** A source, connected. Everything throws GutsError; nothing keeps state that a restart would miss. */
export interface SourceConnection {
  validate(signal: AbortSignal): Promise<ValidationReport>;
  /** The whole inventory, once. */
  inventory(signal: AbortSignal): AsyncIterable<InventoryObject>;
  /** Instances whose ref, name or path equals the text; none, one or several. */
  find(text: string, signal: AbortSignal): Promise<readonly Instance[]>;
  /** @throws GutsError `not_found` */
  inspect(ref: string, signal: AbortSignal): Promise<Instance>;
  /** What this transport cannot do for the instance, and hosts it would need but cannot reach. */
  checkTransport(
    instance: Instance,
    transport: TransportName,
    signal: AbortSignal,
  ): Promise<readonly Finding[]>;
  powerState(ref: string, signal: AbortSignal): Promise<PowerState>;
  /** Asks the guest to stop and waits; never cuts power. */
  shutdownGuest(
    ref: string,
    deadlineSeconds: number,
    signal: AbortSignal,
  ): Promise<'off' | 'deadline' | 'no-tools'>;
  powerOff(ref: string, signal: AbortSignal): Promise<void>;
  powerOn(ref: string, signal: AbortSignal): Promise<void>;
  setChangeTracking(ref: string, enabled: boolean, signal: AbortSignal): Promise<void>;
  /**
   * Areas of a disk that may hold data, of a machine that is off (vSphere: CBT's `*`), or null when the source
   * cannot tell and every byte must be read.
   */
  allocatedAreas(ref: string, diskKey: string, signal: AbortSignal): Promise<readonly Extent[] | null>;
  /**
   * What tells whether a disk was written, of a machine that is off: by key, a text that stays the same as long as
   * nobody writes to the disk, also when the machine was started and stopped again meanwhile. A disk of which the
   * source cannot tell is left out.
   */
  readContentIds(
    ref: string,
    transport: TransportName,
    disks: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * @param disks keys of the disks to open
   * @param areas what {@link allocatedAreas} gave, by disk key, for transports that can skip holes
   */
  openDisks(
    instance: Instance,
    transport: TransportName,
    disks: readonly string[],
    areas: ReadonlyMap<string, readonly Extent[]>,
    signal: AbortSignal,
  ): Promise<DiskSession>;
  /** Aborts a lease left by a predecessor; `absent` when it is gone already. */
  abortSession(externalId: string, signal: AbortSignal): Promise<'aborted' | 'absent'>;
  /** Snapshots carrying a marker. */
  findSnapshots(ref: string, marker: Marker, signal: AbortSignal): Promise<readonly string[]>;
  createSnapshot(ref: string, marker: Marker, signal: AbortSignal): Promise<string>;
  /** Waits until it is gone; nothing to do when it is. */
  removeSnapshot(externalId: string, signal: AbortSignal): Promise<void>;
  /** Snapshots of any instance that carry a marker of ours, whoever made them. */
  listMarked(signal: AbortSignal): AsyncIterable<MarkedObject>;
  /** The instance's notes. */
  annotation(ref: string, signal: AbortSignal): Promise<string>;
  setAnnotation(ref: string, text: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
