import {
  type DiskReader,
  type DiskSession,
  type Extent,
  type Finding,
  GutsError,
  type Instance,
  type InstanceDisk,
  type InstanceNic,
  type MarkedObject,
  type PowerState,
  type SourceConnection,
  type SourceDriver,
  type TransportName,
  type ValidationReport,
} from '@guts/core';

export const INSTANCE: Instance = {
  ref: 'vm-1',
  name: 'web 1',
  path: 'DC0/vm/web 1',
  uuid: 'u-1',
  powerState: 'on',
  connected: true,
  template: false,
  cpus: 2,
  coresPerSocket: 1,
  memoryMiB: 512,
  firmware: 'bios',
  secureBoot: false,
  tpm: false,
  encrypted: false,
  guestId: 'debian12_64Guest',
  guestName: 'Debian GNU/Linux 12',
  osType: 'linux',
  toolsRunning: true,
  changeTracking: { supported: true, enabled: false },
  snapshotCount: 0,
  hostRef: 'host-1',
  hostName: 'esx1',
  disks: ['2000', '2001'].map((key) => ({
    key,
    objectId: `1-${key}`,
    label: `Hard disk ${key}`,
    capacityBytes: 4096,
    bus: 'scsi' as const,
    controller: 'pvscsi',
    datastoreRef: 'ds-1',
    datastoreName: 'DS1',
    path: `[DS1] web 1/${key}.vmdk`,
    thin: true,
    obstacles: [],
    delta: false,
  })),
  bootDiskKey: '2000',
  nics: [
    {
      key: '4000',
      label: 'Network adapter 1',
      mac: '00:50:56:00:00:01',
      model: 'vmxnet3',
      networkRef: 'net-1',
      networkName: 'VM Network',
      connected: true,
      addresses: [],
    },
  ],
};

/** A source in memory: one machine, whose state tests look at. */
export class FakeSource {
  power: PowerState = 'on';
  tracking = false;
  notes = 'kept by ops';
  readonly marked: MarkedObject[] = [];
  readonly calls: string[] = [];
  /** Bytes read from disks. */
  bytesRead = 0;
  readonly leases = new Set<string>();
  readonly disks = new Map(
    INSTANCE.disks.map((disk, index) => [disk.key, new Uint8Array(disk.capacityBytes).fill(index + 1)]),
  );
  /** What {@link disks} are called and look like. */
  shape: readonly InstanceDisk[] = INSTANCE.disks;
  nics: readonly InstanceNic[] = INSTANCE.nics;
  shutdown: 'off' | 'deadline' | 'no-tools' = 'off';
  findings: readonly Finding[] = [];
  /** Transports that this source, or this worker, has not. */
  readonly lacking = new Set<TransportName>();
  /** Keys of disks that are open for reading. */
  readonly open = new Set<string>();
  refusePowerOn = false;
  logins = 0;
  /** What is told to be waited for. */
  waitsFor: string | null = null;
  /** Something that happens while the machine is powered on. */
  onPowerOn: (signal: AbortSignal) => Promise<unknown> = () => Promise.resolve();
  refuseNotes = false;
  /** By disk, how often it was written by a machine that somebody started; null: the source cannot tell. */
  contents: Map<string, number> | null = new Map();
  /** Ending the reading of disks ill fails. */
  refuseAbort = false;

  /** Somebody starts the machine, which writes all over a disk, and stops it again. */
  runMeanwhile(key: string, byte: number): void {
    this.disks.get(key)?.fill(byte);
    this.contents?.set(key, (this.contents.get(key) ?? 0) + 1);
  }

  /** Somebody adds a disk, or puts another size on one. */
  putDisk(key: string, capacityBytes: number, byte: number): void {
    const like = this.shape.find((disk) => disk.key === key) ?? INSTANCE.disks[1];
    if (!like) throw new Error('no disk to make one like');
    const disk = { ...like, key, objectId: `1-${key}`, label: `Hard disk ${key}`, capacityBytes };
    this.shape = [...this.shape.filter((one) => one.key !== key), disk].toSorted((a, b) =>
      a.key.localeCompare(b.key),
    );
    this.disks.set(key, new Uint8Array(capacityBytes).fill(byte));
  }

  removeDisk(key: string): void {
    this.shape = this.shape.filter((disk) => disk.key !== key);
    this.disks.delete(key);
  }

  /** What it does when it is asked to look at itself. */
  validating: (signal: AbortSignal) => Promise<ValidationReport> = () =>
    Promise.resolve({ product: 'Fake', version: '1', findings: [] });
  readonly driver: SourceDriver = {
    schemas: { name: 'vsphere', side: 'source', title: 'Fake', settings: {}, secret: {} },
    transports: [
      { name: 'lease', randomAccess: false, multiPass: false, whileRunning: false },
      { name: 'datastore', randomAccess: true, multiPass: true, whileRunning: false },
      { name: 'vddk', randomAccess: true, multiPass: true, whileRunning: false },
    ],
    connect: (_config, { onWait }) => {
      this.logins += 1;
      if (this.waitsFor !== null) onWait?.(this.waitsFor);
      return Promise.resolve(this.#connection());
    },
  };

  #connection(): SourceConnection {
    const { marked } = this;
    const find = (): Instance => ({
      ...INSTANCE,
      disks: this.shape,
      nics: this.nics,
      powerState: this.power,
      changeTracking: { supported: true, enabled: this.tracking },
    });
    return {
      validate: (signal) => this.validating(signal),
      inventory: async function* () {
        yield await Promise.resolve({ kind: 'instance' as const, data: find() });
      },
      find: () => Promise.resolve([find()]),
      inspect: () => Promise.resolve(find()),
      checkTransport: (_instance, transport) => {
        const none = {
          severity: 'blocker',
          code: `transport.${transport}`,
          message: `no ${transport}`,
        } as const;
        return Promise.resolve(this.lacking.has(transport) ? [none] : this.findings);
      },
      powerState: () => Promise.resolve(this.power),
      shutdownGuest: () => {
        if (this.shutdown === 'off') this.power = 'off';
        return Promise.resolve(this.shutdown);
      },
      powerOff: () => {
        this.power = 'off';
        return Promise.resolve();
      },
      powerOn: async (_ref, signal) => {
        if (this.refusePowerOn) throw new GutsError('source_fault', 'no resources');
        if (this.leases.size > 0) throw new GutsError('source_fault', 'a lease is held');
        this.power = 'on';
        await this.onPowerOn(signal);
      },
      setChangeTracking: (_ref, enabled) => {
        this.tracking = enabled;
        return Promise.resolve();
      },
      allocatedAreas: (_ref, key) =>
        Promise.resolve([{ offset: 0, length: this.disks.get(key)?.length ?? 0 }]),
      readContentIds: (_ref, _transport, keys) =>
        Promise.resolve(
          new Map(this.contents ? keys.map((key) => [key, `c${this.contents?.get(key) ?? 0}`]) : []),
        ),
      openDisks: (_instance, transport, keys, areas) => Promise.resolve(this.#open(transport, keys, areas)),
      abortSession: (id) => Promise.resolve(this.leases.delete(id) ? 'aborted' : 'absent'),
      findSnapshots: () => Promise.resolve([]),
      createSnapshot: () => Promise.reject(new Error('not in this test')),
      removeSnapshot: (id) => {
        const at = this.marked.findIndex((one) => one.externalId === id);
        if (at >= 0) this.marked.splice(at, 1);
        return Promise.resolve();
      },
      listMarked: async function* (this: void) {
        yield* await Promise.resolve([...marked]);
      },
      annotation: () => Promise.resolve(this.notes),
      setAnnotation: (_ref, text) => {
        if (this.refuseNotes) return Promise.reject(new GutsError('source_fault', 'no permission'));
        this.notes = text;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }

  #open(
    transport: TransportName,
    keys: readonly string[],
    areas: ReadonlyMap<string, readonly Extent[]>,
  ): DiskSession {
    const externalId = `lease-${this.leases.size + 1}`;
    this.leases.add(externalId);
    const end = (): Promise<void> => {
      this.leases.delete(externalId);
      return Promise.resolve();
    };
    return {
      transport,
      externalId,
      disks: keys.map((key) => {
        this.open.add(key);
        const source = reader(this.disks.get(key) ?? new Uint8Array(), {
          // It knows its map itself; the others are told of one, if of any.
          knowsMap: transport === 'vddk' || areas.has(key),
          read: (bytes) => (this.bytesRead += bytes),
          closed: () => this.open.delete(key),
        });
        return { key, source };
      }),
      progress: () => undefined,
      complete: end,
      abort: () => (this.refuseAbort ? Promise.reject(new Error('socket closed')) : end()),
    };
  }
}

function reader(
  bytes: Uint8Array,
  { knowsMap, read, closed }: { knowsMap: boolean; read: (bytes: number) => void; closed: () => void },
): DiskReader {
  return {
    kind: 'reader',
    size: bytes.length,
    capabilities: { randomAccess: true, multiPass: true, knowsMap },
    extents: async function* () {
      yield await Promise.resolve({ offset: 0, length: bytes.length, kind: 'data' as const });
    },
    read: (offset, buffer) => {
      buffer.set(bytes.subarray(offset, offset + buffer.length));
      read(buffer.length);
      return Promise.resolve();
    },
    close: () => {
      closed();
      return Promise.resolve();
    },
  };
}
