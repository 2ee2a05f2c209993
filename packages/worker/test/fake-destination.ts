import { createHash } from 'node:crypto';
import {
  type Extent,
  type ArtifactSpecs,
  type AttachmentSpec,
  type CreatedArtifact,
  type DestinationArtifactKind,
  type DestinationConnection,
  type DestinationDriver,
  type DestinationSubnet,
  type DiskReader,
  type DiskWriter,
  GutsError,
  type HeldAddress,
  type Marker,
  markerText,
  parseMarker,
  type QuotaRoom,
  type ServerSpec,
  type VolumeSpec,
  type VolumeTransport,
} from '@guts/core';

interface Thing {
  readonly kind: DestinationArtifactKind;
  readonly spec: ArtifactSpecs[DestinationArtifactKind];
  readonly marker: string;
  bytes: Uint8Array;
  /** Project it is in. */
  readonly project: string;
}

/** A destination in memory: tests look at what exists in it. */
export class FakeDestination {
  /** As images were sent. */
  readonly uploads: {
    readonly format: string;
    readonly areas: readonly Extent[] | null;
    readonly sha512: boolean;
  }[] = [];
  readonly things = new Map<string, Thing>();
  /** Kinds whose creation is refused. */
  readonly refuse = new Set<DestinationArtifactKind>();
  /** Kinds that are made although the answer is lost. */
  readonly loseAnswer = new Set<DestinationArtifactKind>();
  /** Kinds whose next creation is neither answered nor carried out until {@link land}. */
  readonly hold = new Set<DestinationArtifactKind>();
  /** Projects that the credential may not work in. */
  readonly closed = new Set<string>();
  /** Volume types whose volumes no attachment gives this worker; `*`: any. */
  readonly unreached = new Set<string>();
  readonly cannotRemove = new Set<DestinationArtifactKind>();
  /** How many of the next uploads, removals and connections break, by what they do. */
  readonly breaks = { upload: 0, remove: 0, connect: 0 };
  serverState: 'active' | 'off' | 'error' = 'active';
  console: string | null = 'login:';
  corruptVolumes = false;
  /** The guest of a new server writes this all over its volumes. */
  guestWrites: number | null = null;
  /** Of every volume that was opened to be written to, whether it was said to be fresh. */
  readonly opened: { readonly volume: string; readonly fresh: boolean }[] = [];
  zones: { readonly compute: readonly string[]; readonly volume: readonly string[] } = {
    compute: ['nova'],
    volume: ['nova'],
  };
  subnets: readonly DestinationSubnet[] = [];
  /** What is left of quotas that are not ample. */
  quota: Partial<QuotaRoom> = {};
  /** Addresses that ports of others have. */
  held: readonly HeldAddress[] = [];
  volumeTransports: readonly VolumeTransport[] = ['device', 'image'];
  /** Algorithm of the image service's own hashes; `none`: it keeps none. */
  imageHash = 'sha512';
  /** Images cannot be read back. */
  keepsImages = false;
  /** What is read back of images is other bytes. */
  corruptImages = false;
  readonly parked = new Map<string, string>();
  #next = 1;
  readonly #held: (() => unknown)[] = [];

  readonly driver: DestinationDriver = {
    schemas: { name: 'openstack', side: 'destination', title: 'Fake', settings: {}, secret: {} },
    connect: async (_config, { targetProject }) => {
      this.#mayBreak('connect');
      if (targetProject !== null && this.closed.has(targetProject))
        throw new GutsError('destination_login', `${targetProject} is closed to this user`);
      return Promise.resolve(this.#connection(targetProject ?? 'p'));
    },
  };

  /** Something with a marker that no journal of ours tells of. */
  leave(kind: DestinationArtifactKind, marker: string, project = 'p'): string {
    const spec = {} as Thing['spec'];
    const externalId = `left-${this.#next++}`;
    this.things.set(externalId, { kind, spec, marker, bytes: new Uint8Array(), project });
    return externalId;
  }

  /** What was held is carried out now, if it still can be. @returns why it was refused */
  land(): readonly string[] {
    return this.#held.splice(0).flatMap((create) => {
      try {
        create();
        return [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
  }

  kinds(): string[] {
    return [...this.things.values()].map((thing) => thing.kind).toSorted();
  }

  #create(
    kind: DestinationArtifactKind,
    spec: Thing['spec'],
    marker: Marker,
    project: string,
  ): CreatedArtifact {
    if (this.refuse.has(kind)) throw new GutsError('destination_quota', `no ${kind} left`);
    if (this.hold.delete(kind)) {
      this.#held.push(() => this.#create(kind, spec, marker, project));
      throw new GutsError('destination_unreachable', 'no answer came', { transient: true });
    }
    if (kind === 'attachment') this.#refuseInUse((spec as AttachmentSpec).volumeId);
    if (kind === 'server') this.#refuseMissing(spec as ServerSpec);
    const externalId = `${kind}-${this.#next++}`;
    const bytes = kind === 'volume' ? this.#filled(spec as VolumeSpec) : new Uint8Array();
    this.things.set(externalId, { kind, spec, marker: markerText(marker), bytes, project });
    if (kind === 'attachment') this.#reach((spec as AttachmentSpec).volumeId);
    if (kind === 'server') this.#boot(spec as ServerSpec);
    if (this.loseAnswer.delete(kind))
      throw new GutsError('destination_unreachable', 'the answer was lost', { transient: true });
    return {
      externalId,
      data: kind === 'attachment' ? { volume: (spec as { volumeId: string }).volumeId } : {},
    };
  }

  #filled({ imageId }: VolumeSpec): Uint8Array {
    return imageId === null ? new Uint8Array(4096) : this.#bytes(imageId).bytes.slice();
  }

  #boot({ bootVolumeId, dataVolumeIds }: ServerSpec): void {
    this.serverState = 'active';
    for (const id of bootVolumeId === null ? dataVolumeIds : [bootVolumeId, ...dataVolumeIds]) {
      const { bytes } = this.#bytes(id);
      if (this.guestWrites !== null) bytes.fill(this.guestWrites);
    }
  }

  #refuseMissing({ portIds, bootImageId, bootVolumeId, dataVolumeIds }: ServerSpec): void {
    for (const id of [...portIds, bootImageId, bootVolumeId, ...dataVolumeIds])
      if (id !== null) this.#bytes(id);
  }

  /** The attachment is there when it turns out to be of no use. */
  #reach(volumeId: string): void {
    const { volumeType } = this.#bytes(volumeId).spec as VolumeSpec;
    if (this.unreached.has('*') || this.unreached.has(String(volumeType)))
      throw new GutsError('destination_refused', `this worker does not reach ${volumeId}`, {
        details: { unreached: true },
      });
  }

  #refuseInUse(volumeId: string): void {
    for (const [id, { kind, spec }] of this.things) {
      const { bootVolumeId, dataVolumeIds = [] } = spec as Partial<ServerSpec>;
      if (kind === 'server' && [bootVolumeId, ...dataVolumeIds].includes(volumeId))
        throw new GutsError('destination_refused', `${volumeId} is in use by ${id}`);
    }
  }

  #mayBreak(what: keyof FakeDestination['breaks']): void {
    if (this.breaks[what] === 0) return;
    this.breaks[what] -= 1;
    throw new GutsError('destination_unreachable', `${what}: other side closed`, { transient: true });
  }

  #bytes(id: unknown): Thing {
    const thing = this.things.get(String(id));
    if (!thing) throw new GutsError('not_found', `there is no ${String(id)}`);
    return thing;
  }

  #connection(project: string): DestinationConnection {
    const { things } = this;
    return {
      project: { id: project, name: project },
      validate: () => Promise.resolve({ product: 'Fake', version: '1', findings: [] }),
      heldAddresses: (wanted) =>
        Promise.resolve(
          this.held.filter(({ networkId, address }) =>
            wanted.some((one) => one.networkId === networkId && one.addresses.includes(address)),
          ),
        ),
      facts: () =>
        Promise.resolve({
          project: { id: project, name: project },
          admin: false,
          flavors: [
            { id: 'f1', name: 'small', vcpus: 2, ramMiB: 512, diskGiB: 1, ephemeralGiB: 0, extraSpecs: {} },
          ],
          networks: [
            { id: 'n1', name: 'own', shared: false, external: false, own: true, subnets: this.subnets },
          ],
          volumeTypes: ['nfs'],
          securityGroups: [],
          availabilityZones: this.zones,
          quota: {
            instances: 5,
            cores: 5,
            ramMiB: 5000,
            volumes: 5,
            gigabytes: 50,
            ports: 5,
            images: 5,
            imageMiB: 5000,
            imageUploads: 5,
            ...this.quota,
          },
          volumeTransports: this.volumeTransports,
        }),
      create: (kind, spec, marker) =>
        new Promise((resolve) => {
          resolve(this.#create(kind, spec, marker, project));
        }),
      find: (kind, spec, marker) => {
        for (const [externalId, thing] of this.things)
          if (thing.kind === kind && thing.marker === markerText(marker))
            return Promise.resolve({
              externalId,
              data: kind === 'attachment' ? { volume: (spec as { volumeId: string }).volumeId } : {},
            });
        return Promise.resolve(null);
      },
      findAll: (kind, _spec, marker) =>
        Promise.resolve(
          [...things]
            .filter(([, thing]) => thing.kind === kind && thing.marker === markerText(marker))
            .map(([externalId]) => externalId),
        ),
      waitUsable: (kind, id) => {
        const details = { unusable: true, kind, external_id: id, state: 'gone' };
        if (things.has(id)) return Promise.resolve();
        return Promise.reject(new GutsError('destination_fault', `${kind} ${id} is gone`, { details }));
      },
      remove: async (kind, id) => {
        this.#mayBreak('remove');
        if (this.cannotRemove.has(kind))
          throw new GutsError('destination_fault', `${id} cannot be deleted now`);
        return Promise.resolve(this.things.delete(id) ? 'removed' : 'absent');
      },
      openVolumeWriter: (data, _size, { fresh }) => {
        this.opened.push({ volume: String(data['volume']), fresh });
        return Promise.resolve(writer(this.#bytes(data['volume']).bytes));
      },
      openVolumeReader: (data) => {
        const { bytes } = this.#bytes(data['volume']);
        if (this.corruptVolumes) bytes[7] = 99;
        return Promise.resolve(reader(bytes));
      },
      uploadImage: (id, { size, format, areas, sha512: digested }) => {
        this.uploads.push({ format, areas, sha512: digested });
        this.#mayBreak('upload');
        const thing = this.#bytes(id);
        thing.bytes = new Uint8Array(size);
        let closed: () => void = () => undefined;
        const done = new Promise<void>((resolve) => {
          closed = resolve;
        }).then(() => ({ bytesSent: size, sha512: digested ? sha512(thing.bytes) : null }));
        const target = writer(thing.bytes);
        return {
          writer: {
            ...target,
            close: () => {
              closed();
              return Promise.resolve();
            },
          },
          done,
        };
      },
      imageDigest: (id) => {
        const { bytes } = this.#bytes(id);
        const { imageHash: algorithm } = this;
        const hash = algorithm === 'none' ? '' : createHash(algorithm).update(bytes).digest('hex');
        return Promise.resolve({ status: 'active', size: bytes.length, algorithm, hash });
      },
      readImage: (id) => {
        const { bytes } = this.#bytes(id);
        if (this.corruptImages) bytes[7] = 99;
        const { keepsImages } = this;
        return (async function* () {
          if (keepsImages) throw new GutsError('destination_refused', 'image: GET: 403 forbidden');
          for (let at = 0; at < bytes.length; at += 1000)
            yield await Promise.resolve(bytes.subarray(at, at + 1000));
        })();
      },
      prepareBootVolume: () => Promise.resolve(),
      serverState: (id) =>
        Promise.resolve({ state: this.things.has(id) ? this.serverState : 'gone', message: null }),
      stopServer: () => {
        this.serverState = 'off';
        return Promise.resolve();
      },
      parkServer: (id, reason) => {
        this.serverState = 'off';
        this.parked.set(id, reason);
        return Promise.resolve();
      },
      listMarked: async function* (this: void) {
        for (const [externalId, { kind, marker, project: owner }] of things) {
          const parsed = parseMarker(marker);
          // Flavors belong to no project.
          if (parsed && (owner === project || kind === 'flavor'))
            yield await Promise.resolve({ kind, externalId, name: null, marker: parsed });
        }
      },
      startServer: () => {
        this.serverState = 'active';
        return Promise.resolve();
      },
      console: () => Promise.resolve(this.console),
      close: () => Promise.resolve(),
    };
  }
}

function sha512(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}

function writer(bytes: Uint8Array): DiskWriter {
  return {
    size: bytes.length,
    capabilities: { randomAccess: true, readsAsZero: true, needsMap: false },
    write: (offset, data) => {
      bytes.set(data, offset);
      return Promise.resolve();
    },
    zero: (offset, length) => {
      bytes.fill(0, offset, offset + length);
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function reader(bytes: Uint8Array): DiskReader {
  return {
    kind: 'reader',
    size: bytes.length,
    capabilities: { randomAccess: true, multiPass: true, knowsMap: false },
    extents: async function* () {
      yield await Promise.resolve({ offset: 0, length: bytes.length, kind: 'data' as const });
    },
    read: (offset, buffer) => {
      buffer.set(bytes.subarray(offset, offset + buffer.length));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
