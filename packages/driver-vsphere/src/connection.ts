import {
  type ConnectContext,
  type DiskSession,
  type Extent,
  type Finding,
  GutsError,
  type Instance,
  type InventoryObject,
  type Log,
  type MarkedObject,
  type Marker,
  markerText,
  type SourceConnection,
  type TransportName,
  type ValidationReport,
} from '@guts/core';
import {
  abortLease,
  ancestors,
  createSnapshot,
  isFault,
  listSnapshots,
  machineOfSnapshot,
  type ManagedRef,
  powerOff,
  powerOn,
  powerState,
  readAncestors,
  readDatastore,
  readAnnotation,
  readHost,
  readInventory,
  readMachine,
  readName,
  removeSnapshot,
  setChangeTracking,
  shutdownGuest,
  type VirtualMachine,
  type VSphereSession,
  writeAnnotation,
} from '@guts/vsphere';
import { checkClock } from './check-clock.ts';
import { checkHosts } from './check-hosts.ts';
import { checkPrivileges } from './check-privileges.ts';
import { checkTransport } from './check-transport.ts';
import { vddkObstacle } from './check-vddk.ts';
import { allocatedAreas } from './disks/allocated-areas.ts';
import { contentIds } from './disks/content-ids.ts';
import { openDisks } from './disks/open-disks.ts';
import type { VddkOptions } from './disks/vddk.ts';
import { inWords } from './errors.ts';
import { inTurn, whenQuiet } from './in-turn.ts';
import { powerOf, toInstance } from './instance.ts';
import { carries, markerOf } from './marked.ts';
import type { Settings } from './settings.ts';
import { type Tell, teller } from './waits.ts';

const vmRef = (value: string): ManagedRef => ({ type: 'VirtualMachine', value });

/** A vCenter or ESXi, connected. */
export class VSphereConnection implements SourceConnection {
  readonly #session: VSphereSession;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #tell: Tell;
  readonly #vddk: VddkOptions | undefined;

  constructor(
    session: VSphereSession,
    settings: Settings,
    told: Pick<ConnectContext, 'log' | 'onWait'>,
    vddk?: VddkOptions,
  ) {
    this.#vddk = vddk;
    this.#session = session;
    this.#settings = settings;
    this.#log = told.log;
    this.#tell = teller(told);
  }

  async validate(signal: AbortSignal): Promise<ValidationReport> {
    const { about } = this.#session.content;
    const findings: Finding[] = [];
    const [major = 0, minor = 0] = about.apiVersion.split('.').map(Number);
    if (major < 6 || (major === 6 && minor < 5))
      findings.push({
        severity: 'blocker',
        code: 'source.version',
        message: `it speaks API ${about.apiVersion}; 6.5 is the oldest that is supported`,
      });
    if (this.#settings.insecure)
      findings.push({
        severity: 'warning',
        code: 'source.insecure',
        message: 'its certificate is not verified (insecure)',
        remedy: 'Pin its fingerprint or name the authority that signed it.',
      });
    findings.push(...(await inWords(() => checkPrivileges(this.#session, signal))));
    findings.push(...(await inWords(() => this.#checkReach(signal))));
    const obstacle = this.#vddk ? await vddkObstacle(this.#vddk, signal) : null;
    if (obstacle) findings.push({ severity: 'warning', code: 'source.vddk', ...obstacle });
    return { product: about.fullName, version: about.version, findings };
  }

  /** What depends on where this worker is: its clock, and the hosts that machines lie on. */
  async #checkReach(signal: AbortSignal): Promise<Finding[]> {
    const asked = Date.now();
    const theirs = await this.#session.currentTime(signal);
    const clock = checkClock(theirs, new Date((asked + Date.now()) / 2));
    const { hosts, machines } = await readInventory(this.#session, signal);
    const used = new Set(machines.map(({ host }) => host?.value));
    return [
      ...clock,
      ...(await checkHosts(
        hosts.filter(({ ref }) => used.has(ref.value)),
        signal,
      )),
    ];
  }

  async *inventory(signal: AbortSignal): AsyncGenerator<InventoryObject, void> {
    const found = await inWords(() => readInventory(this.#session, signal));
    const names = new Map<string, string>();
    for (const one of [...found.hosts, ...found.datastores, ...found.networks])
      names.set(one.ref.value, one.name);
    for (const { ref, name, connectionState } of found.hosts) {
      const connected = connectionState === 'connected';
      yield { kind: 'host', data: { ref: ref.value, name, address: name, connected } };
    }
    for (const { ref, name, type, capacity, free } of found.datastores) {
      const data = { ref: ref.value, name, kind: type, capacityBytes: capacity, freeBytes: free };
      yield { kind: 'datastore', data };
    }
    for (const { ref, name, kind } of found.networks)
      yield { kind: 'network', data: { ref: ref.value, name, kind } };
    for (const machine of found.machines) {
      const folder = ancestors(found, machine.parent)
        .map((one) => one.name)
        .join('/');
      const data = toInstance(machine, {
        folder,
        of: (ref) => (ref ? (names.get(ref.value) ?? null) : null),
      });
      yield { kind: 'instance', data };
    }
  }

  async find(text: string, signal: AbortSignal): Promise<readonly Instance[]> {
    const found: Instance[] = [];
    for await (const object of this.inventory(signal)) {
      if (object.kind !== 'instance') continue;
      const { data } = object;
      // A reference names one machine, whatever others are called.
      if (data.ref === text) return [data];
      if (data.name === text || data.path === text) found.push(data);
    }
    return found;
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance> {
    return inWords(async () => (await this.#inspect(ref, signal)).instance);
  }

  checkTransport(
    instance: Instance,
    transport: TransportName,
    signal: AbortSignal,
  ): Promise<readonly Finding[]> {
    return inWords(async () => {
      const { machine } = await this.#inspect(instance.ref, signal);
      const host = machine.host ? await readHost(this.#session, machine.host, signal) : null;
      // On a bare ESXi, what answers the session also sends the disks.
      const bare = this.#session.content.about.apiType === 'HostAgent';
      const parts = {
        session: this.#session,
        datacenter: await this.#datacenter(machine, signal),
        host: host && !bare ? { address: host.name, port: host.port, thumbprint: host.sslThumbprint } : null,
        datastoreTypes: await this.#datastoreTypes(machine, signal),
        vddk: this.#vddk,
      };
      return checkTransport(parts, instance, transport, signal);
    });
  }

  powerState(ref: string, signal: AbortSignal): Promise<Instance['powerState']> {
    return inWords(async () => powerOf(await powerState(this.#session, vmRef(ref), signal)));
  }

  shutdownGuest(
    ref: string,
    deadlineSeconds: number,
    signal: AbortSignal,
  ): Promise<'off' | 'deadline' | 'no-tools'> {
    return this.#change(ref, signal, (vm) => shutdownGuest(this.#session, vm, { deadlineSeconds, signal }));
  }

  powerOff(ref: string, signal: AbortSignal): Promise<void> {
    return this.#change(ref, signal, (vm) => powerOff(this.#session, vm, signal));
  }

  powerOn(ref: string, signal: AbortSignal): Promise<void> {
    return this.#change(ref, signal, (vm) => powerOn(this.#session, vm, signal));
  }

  setChangeTracking(ref: string, enabled: boolean, signal: AbortSignal): Promise<void> {
    return this.#change(ref, signal, (vm) => setChangeTracking(this.#session, vm, enabled, signal));
  }

  allocatedAreas(ref: string, diskKey: string, signal: AbortSignal): Promise<readonly Extent[] | null> {
    return inWords(async () => {
      const machine = await this.#machine(ref, signal);
      const disk = machine.disks.find((one) => String(one.key) === diskKey);
      if (!disk) throw new GutsError('not_found', `the instance has no disk ${diskKey} any more`);
      return allocatedAreas({ session: this.#session, log: this.#log, signal }, machine.ref, disk);
    });
  }

  readContentIds(
    ref: string,
    transport: TransportName,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    return inWords(async () => {
      const machine = await this.#machine(ref, signal);
      const datacenter = await this.#datacenter(machine, signal);
      return contentIds(this.#session, datacenter, machine, transport, keys, signal);
    });
  }

  openDisks(
    instance: Instance,
    transport: TransportName,
    keys: readonly string[],
    areas: ReadonlyMap<string, readonly Extent[]>,
    signal: AbortSignal,
  ): Promise<DiskSession> {
    return inWords(async () => {
      const { machine, instance: now } = await this.#inspect(instance.ref, signal);
      const disks = keys.map((key) => {
        const before = instance.disks.find((one) => one.key === key);
        const disk = now.disks.find((one) => one.key === key && one.objectId === before?.objectId);
        if (!disk || disk.capacityBytes !== before?.capacityBytes)
          throw new GutsError('conflict', `disk ${key} was changed or exchanged since preflight`, {
            remedy: 'Start the migration anew.',
          });
        return disk;
      });
      const parts = {
        session: this.#session,
        settings: this.#settings,
        vddk: this.#vddk,
        log: this.#log,
        tell: this.#tell,
        datacenter: (of: VirtualMachine) => this.#datacenter(of, signal),
      };
      return openDisks(parts, transport, machine, disks, areas, signal);
    });
  }

  /**
   * Real leases are known to the session that asked for them alone (their reference begins with `session[...]`;
   * inferred, never tried on a vCenter): a successor is then told `absent`, the lease ends by its timeout, and
   * {@link openDisks} waits for that.
   */
  abortSession(externalId: string, signal: AbortSignal): Promise<'aborted' | 'absent'> {
    // Datastore and VDDK hold nothing that has an id; the worker writes `none` for them.
    if (externalId === 'none') return Promise.resolve('absent');
    return inWords(() => abortLease(this.#session, { type: 'HttpNfcLease', value: externalId }, signal));
  }

  findSnapshots(ref: string, marker: Marker, signal: AbortSignal): Promise<readonly string[]> {
    return inWords(async () => {
      // One that a predecessor asked for may still be in the making.
      await whenQuiet({ session: this.#session, tell: this.#tell, signal }, vmRef(ref));
      const all = await listSnapshots(this.#session, vmRef(ref), signal);
      return all.filter((one) => carries(one, marker)).map((one) => one.ref.value);
    });
  }

  createSnapshot(ref: string, marker: Marker, signal: AbortSignal): Promise<string> {
    const options = {
      name: `guts-${marker.migrationId}`,
      description: markerText(marker),
      quiesce: true,
      signal,
    };
    return this.#change(ref, signal, async (vm) => {
      // A predecessor's own, perhaps made by a task that ended just now.
      const all = await listSnapshots(this.#session, vm, signal);
      const made = all.find((one) => carries(one, marker))?.ref;
      return (made ?? (await createSnapshot(this.#session, vm, options))).value;
    });
  }

  removeSnapshot(externalId: string, signal: AbortSignal): Promise<void> {
    const snapshot = { type: 'VirtualMachineSnapshot', value: externalId };
    return inWords(async () => {
      const vm = await machineOfSnapshot(this.#session, snapshot, signal);
      if (!vm) return;
      await this.#change(vm.value, signal, async () => {
        try {
          await removeSnapshot(this.#session, snapshot, signal);
        } catch (error) {
          // A predecessor's task, which has just ended, removed it: seen to be gone, not guessed.
          if (!isFault(error, 'ManagedObjectNotFound')) throw error;
          if (await machineOfSnapshot(this.#session, snapshot, signal)) throw error;
        }
      });
    });
  }

  async *listMarked(signal: AbortSignal): AsyncGenerator<MarkedObject, void> {
    const { machines } = await inWords(() => readInventory(this.#session, signal));
    for (const machine of machines) {
      if (machine.snapshotCount === 0) continue;
      const snapshots = await inWords(() => listSnapshots(this.#session, machine.ref, signal));
      for (const { ref, name, description } of snapshots) {
        const marker = markerOf(name, description);
        if (marker)
          yield { kind: 'snapshot', externalId: ref.value, name: `${machine.name}: ${name}`, marker };
      }
    }
  }

  annotation(ref: string, signal: AbortSignal): Promise<string> {
    return inWords(() => readAnnotation(this.#session, vmRef(ref), signal));
  }

  setAnnotation(ref: string, text: string, signal: AbortSignal): Promise<void> {
    return this.#change(ref, signal, (vm) => writeAnnotation(this.#session, vm, text, signal));
  }

  close(): Promise<void> {
    return this.#session.logout();
  }

  /** Waits for tasks that somebody, perhaps a predecessor of ours, started on the machine; then changes it. */
  #change<T>(ref: string, signal: AbortSignal, work: (vm: ManagedRef) => Promise<T>): Promise<T> {
    return inWords(() => inTurn({ session: this.#session, tell: this.#tell, signal }, vmRef(ref), work));
  }

  async #machine(ref: string, signal: AbortSignal): Promise<VirtualMachine> {
    const machine = await readMachine(this.#session, vmRef(ref), signal);
    if (!machine) throw new GutsError('not_found', `the source has no instance ${ref}`);
    return machine;
  }

  async #inspect(ref: string, signal: AbortSignal): Promise<{ machine: VirtualMachine; instance: Instance }> {
    const machine = await this.#machine(ref, signal);
    const names = new Map<string, string>();
    const refs = [
      machine.host,
      ...machine.disks.map((one) => one.datastore),
      ...machine.nics.map((one) => one.network),
    ];
    for (const one of refs) {
      if (!one || names.has(one.value)) continue;
      const name = await readName(this.#session, one, signal);
      if (name !== null) names.set(one.value, name);
    }
    const path = await readAncestors(this.#session, machine.parent, signal);
    const folder = path.map((one) => one.name).join('/');
    const of = (one: { readonly value: string } | null): string | null =>
      one ? (names.get(one.value) ?? null) : null;
    return { machine, instance: toInstance(machine, { folder, of }) };
  }

  async #datastoreTypes(machine: VirtualMachine, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const types = new Map<string, string>();
    for (const { datastore } of machine.disks) {
      if (!datastore || types.has(datastore.value)) continue;
      const found = await readDatastore(this.#session, datastore, signal);
      if (found && found.type !== '') types.set(datastore.value, found.type);
    }
    return types;
  }

  /** Inventory path of the machine's data centre, as `/folder` wants it. */
  async #datacenter(machine: VirtualMachine, signal: AbortSignal): Promise<string> {
    const path = await readAncestors(this.#session, machine.parent, signal);
    const last = path.findIndex((one) => one.ref.type === 'Datacenter');
    return path
      .slice(0, last + 1)
      .map((one) => one.name)
      .join('/');
  }
}
