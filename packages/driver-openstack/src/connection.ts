import {
  type ArtifactSpecs,
  type CreatedArtifact,
  type DestinationArtifactKind,
  type DestinationConnection,
  type DestinationFacts,
  type DiskReader,
  type DiskWriter,
  type Finding,
  type HeldAddress,
  type ImageUpload,
  type ImageUploadOptions,
  type MarkedObject,
  type Marker,
  type ServerState,
  type ValidationReport,
} from '@guts/core';
import {
  consoleOutput,
  downloadImage,
  getImage,
  getServer,
  type OpenStackSession,
  setBootable,
  setImageMetadata,
} from '@guts/openstack';
import type { ArtifactKindOps } from './artifacts/artifact-kind.ts';
import { attachmentOps } from './artifacts/attachment.ts';
import { flavorOps } from './artifacts/flavor.ts';
import { imageOps } from './artifacts/image.ts';
import { portOps } from './artifacts/port.ts';
import { serverOps } from './artifacts/server.ts';
import { volumeOps } from './artifacts/volume.ts';
import { inWords, toGutsError } from './errors.ts';
import { readFacts } from './facts.ts';
import { heldAddresses } from './held-addresses.ts';
import { parkServer, startServer, stateOf, stopServer } from './power.ts';
import type { HostFiles } from './host-files.ts';
import type { Settings } from './settings.ts';
import { guardedWriter, startUpload } from './upload.ts';
import { bothAttachments } from './artifacts/both-attachments.ts';
import { serverAttachmentOps } from './artifacts/server-attachment.ts';
import type { BlockDevices } from './brick/block-devices.ts';
import { ServerPlace } from './server/place.ts';
import { BrickSession } from './brick/volumes.ts';
import { ShareHolds } from './nfs/holds.ts';
import { openVolumeReader, openVolumeWriter } from './volume-disk.ts';

type Kinds = { readonly [K in DestinationArtifactKind]: ArtifactKindOps<K> };

/** What stands on others first, so that they can be removed in this order. */
const MARKED_KINDS = ['server', 'attachment', 'volume', 'image', 'port', 'flavor'] as const;
const CONSOLE_LINES = 2000;

/** A cloud, connected and scoped to the target project. */
export class OpenStackConnection implements DestinationConnection {
  readonly #session: OpenStackSession;
  readonly #settings: Settings;
  readonly #kinds: Kinds;
  readonly #shares: ShareHolds;
  readonly #brick: BrickSession | null;
  readonly #place: ServerPlace;

  constructor(session: OpenStackSession, settings: Settings, host: HostFiles) {
    this.#session = session;
    this.#settings = settings;
    this.#shares = new ShareHolds(host.mounts);
    this.#brick = host.brick && new BrickSession(host.brick);
    this.#place = new ServerPlace(host.server);
    this.#kinds = {
      port: portOps,
      flavor: flavorOps,
      volume: volumeOps,
      image: imageOps,
      attachment: bothAttachments(
        attachmentOps({ files: host, shares: this.#shares, brick: this.#brick }),
        serverAttachmentOps(this.#place),
        settings.volumeAccess === 'server',
      ),
      server: serverOps,
    };
  }

  get project(): { readonly id: string; readonly name: string } {
    return { id: this.#session.project.id, name: this.#session.project.name };
  }

  validate(signal: AbortSignal): Promise<ValidationReport> {
    return inWords(async () => {
      const findings: Finding[] = [];
      for (const service of ['image', 'network', 'compute'] as const)
        if (!this.#session.has(service))
          findings.push({
            severity: 'blocker',
            code: `destination.no_${service}`,
            message: `the catalog has no ${this.#settings.cloud.interface} endpoint of ${service}`,
            remedy: 'Check the region and the interface of the destination.',
          });
      if (!this.#session.has('volume'))
        findings.push({
          severity: 'warning',
          code: 'destination.no_volume',
          message: 'the catalog has no block storage: only machines with one disk can be moved',
        });
      if (this.#settings.cloud.tls.insecure)
        findings.push({
          severity: 'warning',
          code: 'destination.insecure',
          message: 'its certificates are not verified (insecure)',
          remedy: 'Name the authority that signed them.',
        });
      const compute = findings.some((one) => one.severity === 'blocker')
        ? null
        : await this.#session.microversion('compute', signal);
      return { product: 'OpenStack', version: compute === null ? 'unknown' : `compute ${compute}`, findings };
    });
  }

  facts(signal: AbortSignal): Promise<DestinationFacts> {
    return inWords(() => readFacts(this.#session, this.#settings.volumeAccess, signal));
  }

  heldAddresses(
    wanted: Parameters<DestinationConnection['heldAddresses']>[0],
    signal: AbortSignal,
  ): Promise<readonly HeldAddress[]> {
    return inWords(() => heldAddresses(this.#session, wanted, signal));
  }

  create<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact> {
    return inWords(() => this.#kinds[kind].create(this.#session, spec, marker, signal));
  }

  find<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact | null> {
    return inWords(() => this.#kinds[kind].find(this.#session, spec, marker, signal));
  }

  findAll<K extends DestinationArtifactKind>(
    kind: K,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    return inWords(() => this.#kinds[kind].findAll(this.#session, spec, marker, signal));
  }

  async waitUsable<K extends DestinationArtifactKind>(
    kind: K,
    externalId: string,
    spec: ArtifactSpecs[K],
    signal: AbortSignal,
  ): Promise<void> {
    await inWords(async () => this.#kinds[kind].waitUsable?.(this.#session, externalId, spec, signal));
  }

  remove(
    kind: DestinationArtifactKind,
    externalId: string,
    signal: AbortSignal,
  ): Promise<'removed' | 'absent'> {
    return inWords(() => this.#kinds[kind].remove(this.#session, externalId, signal));
  }

  openVolumeWriter(
    data: Readonly<Record<string, unknown>>,
    size: number,
    { fresh }: { readonly fresh: boolean },
    signal: AbortSignal,
  ): Promise<DiskWriter> {
    // The path is this attachment's: who takes over detaches a predecessor's first, which thereby cannot open it again,
    // but keeps what it has open (see attachmentOps): verify-data runs after it is proven gone.
    return inWords(async () =>
      guardedWriter(await openVolumeWriter(data, size, fresh, signal, this.#ways())),
    );
  }

  openVolumeReader(
    data: Readonly<Record<string, unknown>>,
    size: number,
    signal: AbortSignal,
  ): Promise<DiskReader> {
    return inWords(() => openVolumeReader(data, size, signal, this.#ways()));
  }

  #ways(): { shares: ShareHolds; devices: BlockDevices } {
    return { shares: this.#shares, devices: this.#place.server.devices };
  }

  uploadImage(imageId: string, options: ImageUploadOptions): ImageUpload {
    return startUpload(this.#session, imageId, options);
  }

  imageDigest(
    imageId: string,
    signal: AbortSignal,
  ): Promise<{ status: string; size: number; algorithm: string; hash: string }> {
    return inWords(async () => {
      const image = await getImage(this.#session, imageId, signal);
      return {
        status: image.status,
        size: image.size ?? 0,
        algorithm: image.os_hash_algo ?? 'none',
        hash: image.os_hash_value ?? '',
      };
    });
  }

  async *readImage(imageId: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    try {
      yield* downloadImage(this.#session, imageId, { signal });
    } catch (error) {
      throw toGutsError(error);
    }
  }

  prepareBootVolume(
    volumeId: string,
    properties: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    return inWords(async () => {
      await setBootable(this.#session, volumeId, true, signal);
      if (Object.keys(properties).length > 0)
        await setImageMetadata(this.#session, volumeId, properties, signal);
    });
  }

  serverState(
    serverId: string,
    signal: AbortSignal,
  ): Promise<{ state: ServerState; message: string | null }> {
    return inWords(async () => {
      const server = await getServer(this.#session, serverId, signal);
      return { state: stateOf(server), message: server?.fault?.message ?? null };
    });
  }

  stopServer(serverId: string, signal: AbortSignal): Promise<void> {
    return inWords(() => stopServer(this.#session, serverId, signal));
  }

  startServer(serverId: string, signal: AbortSignal): Promise<void> {
    return inWords(() => startServer(this.#session, serverId, signal));
  }

  parkServer(serverId: string, reason: string, signal: AbortSignal): Promise<void> {
    return inWords(() => parkServer(this.#session, serverId, reason, signal));
  }

  async *listMarked(signal: AbortSignal): AsyncGenerator<MarkedObject, void> {
    try {
      for (const kind of MARKED_KINDS)
        if (this.#session.has(this.#kinds[kind].service))
          yield* this.#kinds[kind].marked(this.#session, signal);
    } catch (error) {
      throw toGutsError(error);
    }
  }

  console(serverId: string, signal: AbortSignal): Promise<string | null> {
    return inWords(() => consoleOutput(this.#session, serverId, CONSOLE_LINES, signal));
  }

  async close(): Promise<void> {
    const ends = [this.#brick, this.#shares, this.#place, this.#session].map((one) => () => one?.close());
    const ended = await Promise.allSettled(ends.map(async (end) => end()));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }
}
