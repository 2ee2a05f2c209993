import { unreached } from '../unreached.ts';
import { blockDevices, type BlockDevices } from './block-devices.ts';
import { type Brick, type BrickConnection, BrickError, type DeviceInfo } from './brick.ts';
import { beganAt, type BrickRecord, type BrickRecords, type Owner, withoutSecrets } from './records.ts';

/** A volume that is a block device of this host. */
export interface BrickDevice {
  readonly path: string;
  /** `major:minor`. */
  readonly number: string;
  /** Bytes. */
  readonly size: number;
  /** A volume that nothing was written to reads as zero. */
  readonly startsZero: boolean;
}

/**
 * What Cinder may have connected here (os-brick's protocols that make block devices). None that names a file or device of
 * this host (`local`): a cloud would choose which of our disks we write to.
 */
const PROTOCOLS = ['iscsi', 'iser', 'fibre_channel', 'rbd', 'nvmeof'];
/** An image of Ceph that was never written to holds nothing. */
const STARTS_ZERO = ['rbd'];
const GIB = 2 ** 30;
const CLOSE_MS = 120_000;
const BY_IMAGE = 'Set volume_access to image or auto for this destination.';

export interface BrickHost {
  readonly brick: Brick;
  readonly records: BrickRecords;
  readonly devices?: BlockDevices;
  /** As Cinder reaches this host. */
  readonly ip: string;
}

/**
 * Volumes that os-brick makes devices of this host. Each is recorded before it is connected and until it is
 * disconnected, so that a successor on this host, or this worker begun anew, takes away what a killed one left.
 */
export class BrickVolumes {
  readonly #host: BrickHost;
  readonly #devices: BlockDevices;
  #connector: Promise<Readonly<Record<string, unknown>>> | undefined;

  constructor(host: BrickHost) {
    this.#host = host;
    this.#devices = host.devices ?? blockDevices();
  }

  /** Whether os-brick is the way to volumes of this type. */
  static knows(protocol: string): boolean {
    return PROTOCOLS.includes(protocol);
  }

  /** How Cinder knows this host. @throws GutsError `destination_refused` (unreached) */
  async connector(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    this.#connector ??= told(() => this.#host.brick.properties(this.#host.ip, true, signal));
    try {
      return await this.#connector;
    } catch (error) {
      this.#connector = undefined;
      throw error;
    }
  }

  /**
   * Connects an attachment's volume. @param info its connection information
   * @throws GutsError `destination_refused` (unreached) when there is no device that is surely this volume
   */
  async attach(
    attachmentId: string,
    info: Readonly<Record<string, unknown>>,
    volume: { readonly id: string; /** GiB. */ readonly size: number },
    signal: AbortSignal,
  ): Promise<BrickDevice> {
    const protocol = String(info['driver_volume_type']);
    assertPlain(protocol, info, volume.id);
    const { records, brick } = this.#host;
    await this.#sweep(signal);
    const { multipath } = await this.connector(signal);
    const nested = info['data'];
    const data = { ...info, ...(typeof nested === 'object' ? nested : {}) };
    const connection: BrickConnection = { protocol, multipath: multipath === true, connection: data };
    const kept = { ...connection, connection: withoutSecrets(data) as BrickConnection['connection'] };
    const owner = await self();
    const there = await records.get(attachmentId);
    // What this process has connected is given again; what another has is taken from it, as far as the kernel lets.
    const own = there?.owner.pid === owner.pid && there.owner.began === owner.began;
    if (own && there.device) return this.#checked(there.device, protocol, volume, null);
    if (there) await this.#disconnect(there, signal);
    const before = await this.#devices.all();
    await records.put({ attachmentId, connection: kept, device: null, owner });
    const device = await told(() => brick.connect(connection, signal));
    await records.put({ attachmentId, connection: kept, device, owner });
    return this.#checked(device, protocol, volume, before);
  }

  /** Takes the device away, whoever of this host connected it; fine when there is none. */
  async detach(attachmentId: string, signal: AbortSignal): Promise<void> {
    const record = await this.#host.records.get(attachmentId);
    if (record) await this.#disconnect(record, signal);
  }

  async #disconnect({ attachmentId, connection, device }: BrickRecord, signal: AbortSignal): Promise<void> {
    await told(() => this.#host.brick.disconnect(connection, device, signal));
    await this.#host.records.drop(attachmentId);
  }

  /** Takes away what processes left that are no more. */
  async #sweep(signal: AbortSignal): Promise<void> {
    for (const record of await this.#host.records.orphans()) await this.#disconnect(record, signal);
  }

  async #checked(
    device: DeviceInfo,
    protocol: string,
    volume: { readonly id: string; readonly size: number },
    before: ReadonlySet<string> | null,
  ): Promise<BrickDevice> {
    const found = await this.#devices.at(device.path);
    if (!found) throw unreached(`os-brick gave ${device.path} for volume ${volume.id}: no block device`);
    if (before?.has(found.number) === true)
      throw unreached(
        `os-brick gave ${device.path} for volume ${volume.id}, which was there before it was connected: it may be another disk`,
      );
    const size = volume.size * GIB;
    if (found.size !== size)
      throw unreached(
        `${device.path} has ${found.size} bytes, but volume ${volume.id} has ${size}: it is another disk`,
      );
    return { ...found, startsZero: STARTS_ZERO.includes(protocol) };
  }
}

/** What one connection to a cloud has connected: {@link close} takes away what is left of it. */
export class BrickSession {
  readonly #volumes: BrickVolumes;
  readonly #attached = new Set<string>();

  constructor(volumes: BrickVolumes) {
    this.#volumes = volumes;
  }

  connector(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    return this.#volumes.connector(signal);
  }

  attach(...[id, info, volume, signal]: Parameters<BrickVolumes['attach']>): Promise<BrickDevice> {
    this.#attached.add(id);
    return this.#volumes.attach(id, info, volume, signal);
  }

  async detach(id: string, signal: AbortSignal): Promise<void> {
    await this.#volumes.detach(id, signal);
    this.#attached.delete(id);
  }

  /** @throws GutsError when one cannot be taken away: it stays recorded */
  async close(): Promise<void> {
    for (const id of this.#attached) await this.detach(id, AbortSignal.timeout(CLOSE_MS));
  }
}

async function self(): Promise<Owner> {
  return { pid: process.pid, began: (await beganAt(process.pid)) ?? '' };
}

/** Nothing in it may be taken for an option of a program, and what is encrypted would be written as plain text. */
function assertPlain(protocol: string, info: Readonly<Record<string, unknown>>, volumeId: string): void {
  const nested = info['data'];
  const data: Readonly<Record<string, unknown>> = {
    ...info,
    ...(typeof nested === 'object' ? nested : {}),
  };
  if (!BrickVolumes.knows(protocol))
    throw unreached(`volumes of type "${protocol}" are not connected by this worker`, BY_IMAGE);
  if (data['encrypted'] === true)
    throw unreached(
      `volume ${volumeId} is encrypted: this worker has no way to its key`,
      `${BY_IMAGE} An image fills it, and Cinder encrypts it.`,
    );
  const odd = Object.values(data)
    .flat()
    .find((one) => typeof one === 'string' && (one.startsWith('-') || /[\0\n]/.test(one)));
  // As with files: by Cinder's volume_name_template, and no other volume's.
  const name = String(data['name']);
  const isOwn = /^\w[\w.-]*\/[\w-]+$/.test(name) && name.endsWith(`/volume-${volumeId}`);
  if (odd !== undefined || (protocol === 'rbd' && !isOwn))
    throw unreached(`the connection of volume ${volumeId} has a value that is none`, BY_IMAGE);
}

/** In the words of GUTS. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BrickError)) throw error;
    const remedy =
      error.code === 'brick_missing'
        ? "Install os-brick on this worker's host (Debian: python3-os-brick), and let the worker run it as root (root_helper)."
        : 'See whether this host reaches the storage and has its client (open-iscsi, multipath-tools, ceph-common, nvme-cli).';
    throw unreached(error.message, `${remedy} Or set volume_access to image or auto.`, error);
  }
}
