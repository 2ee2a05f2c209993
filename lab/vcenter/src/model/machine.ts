import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { MachineSpec, PowerState } from '../options.ts';
import type { Ref } from '../soap/values.ts';
import { linkPath, type MachineDisk, type SnapshotDisk } from './machine-disk.ts';

export interface Snapshot {
  readonly ref: Ref;
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly created: Date;
  readonly state: PowerState;
  readonly quiesced: boolean;
  readonly disks: readonly SnapshotDisk[];
  /** Changes when the one above is removed. */
  parent: Snapshot | undefined;
}

/** Where a machine lives. */
export interface Placement {
  folder: Ref;
  /** Its members are in no folder themselves. */
  readonly vApp: Ref | undefined;
  readonly host: Ref;
  readonly pool: Ref;
  readonly datacenter: string;
}

/** The state of one virtual machine. Its vSphere properties are computed from this by `machine-properties.ts`. */
export class Machine {
  readonly ref: Ref;
  readonly spec: MachineSpec;
  readonly placement: Placement;
  readonly directory: string;
  readonly disks: MachineDisk[] = [];
  readonly uuid = randomUUID();
  readonly instanceUuid = randomUUID();
  /** NICs by device key: whether the link is up, and whether it comes up with the machine. */
  readonly links = new Map<number, { connected: boolean; startConnected: boolean }>();
  name: string;
  annotation: string;
  power: PowerState;
  trackingWanted = false;
  trackingActive = false;
  snapshots: Snapshot[] = [];
  current: Snapshot | undefined;
  consolidating = false;
  /** A held export lease, which locks power and files. */
  lease: Ref | undefined;
  recentTasks: Ref[] = [];
  bootedAt: Date | undefined;
  changeVersion = 1;
  #linkNumber = 0;

  constructor(ref: Ref, spec: MachineSpec, placement: Placement, directory: string) {
    this.ref = ref;
    this.spec = spec;
    this.placement = placement;
    this.directory = directory;
    this.name = spec.name;
    this.annotation = spec.annotation ?? '';
    this.power = spec.powerState ?? 'poweredOff';
    const on = this.power === 'poweredOn';
    for (let i = 0; i < (spec.nics?.length ?? 0); i += 1) {
      this.links.set(4000 + i, { connected: on, startConnected: true });
    }
    if (on) this.bootedAt = new Date();
  }

  /** The path of a disk's current link on its datastore. */
  currentPath(disk: MachineDisk): string {
    return linkPath(disk.basePath, this.#linkNumber);
  }

  /** Paths of the links below the current one, nearest first. */
  parentPaths(disk: MachineDisk): readonly string[] {
    const paths: string[] = [];
    for (let at = this.current; at !== undefined; at = at.parent) {
      const frozen = at.disks.find((d) => d.key === disk.key);
      if (frozen !== undefined) paths.push(frozen.path);
    }
    return paths;
  }

  /** Content id of a link of a disk, by its path; of the current one for any other path. */
  contentIdOf(disk: MachineDisk, path: string | undefined): string {
    const frozen = this.snapshots.flatMap((s) => s.disks).find((d) => d.key === disk.key && d.path === path);
    return frozen?.contentId ?? disk.content.value;
  }

  /** Writes as the running guest would: frozen views keep what was there, tracking learns of it. */
  async write(disk: MachineDisk, offset: number, bytes: Uint8Array): Promise<void> {
    if (this.trackingActive) disk.tracking.written(offset, bytes.length);
    disk.content.written(this.power === 'poweredOn');
    await disk.disk.write(offset, bytes);
  }

  /** Takes a snapshot. The stun is where wanted tracking becomes active. */
  async takeSnapshot(
    snapshot: { ref: Ref; name: string; description: string; quiesced: boolean },
    trackingStartsAt: 'cycle' | 'create',
  ): Promise<Snapshot> {
    const starts = this.trackingWanted && !this.trackingActive && this.snapshots.length === 0;
    if (starts && trackingStartsAt === 'create') this.trackingActive = true;
    const disks: SnapshotDisk[] = [];
    for (const disk of this.disks) {
      if (disk.spec.mode?.startsWith('independent') === true) continue;
      const moment = this.trackingActive ? disk.tracking.cut() : undefined;
      const view = await disk.disk.freeze(join(disk.disk.path + `.${snapshot.ref.id}`));
      disks.push({
        key: disk.key,
        view,
        path: this.currentPath(disk),
        parents: this.parentPaths(disk),
        contentId: disk.content.value,
        moment,
      });
      disk.content.opened();
    }
    if (starts) this.trackingActive = true;
    this.#linkNumber += 1;
    const taken: Snapshot = {
      ...snapshot,
      number: this.#linkNumber,
      created: new Date(),
      state: this.power,
      disks,
      parent: this.current,
    };
    this.snapshots.push(taken);
    this.current = taken;
    return taken;
  }

  /** Forgets a snapshot and, if asked, those below it; the machine's present content stays. */
  async dropSnapshot(snapshot: Snapshot, children: boolean): Promise<void> {
    const doomed = children ? this.snapshots.filter((s) => descends(s, snapshot)) : [snapshot];
    for (const one of doomed) {
      this.snapshots = this.snapshots.filter((s) => s !== one);
      for (const below of this.snapshots) if (below.parent === one) below.parent = one.parent;
      if (this.current === one) this.current = one.parent;
      for (const frozen of one.disks) {
        await this.disks.find((d) => d.key === frozen.key)?.disk.thaw(frozen.view);
      }
    }
    if (this.snapshots.length === 0) this.#linkNumber = 0;
  }

  setTracking(on: boolean): void {
    this.trackingWanted = on;
    if (!on) {
      this.trackingActive = false;
    } else if (!this.trackingActive && this.power === 'poweredOff' && this.snapshots.length === 0) {
      this.trackingActive = true;
      for (const disk of this.disks) disk.tracking.reset();
    }
  }

  powerOn(): void {
    this.power = 'poweredOn';
    for (const link of this.links.values()) link.connected = link.startConnected;
    this.bootedAt = new Date();
    for (const disk of this.disks) disk.content.opened();
    if (this.trackingWanted && this.snapshots.length === 0) this.trackingActive = true;
  }

  powerOff(): void {
    this.power = 'poweredOff';
    for (const link of this.links.values()) link.connected = false;
    this.bootedAt = undefined;
  }
}

function descends(snapshot: Snapshot, from: Snapshot): boolean {
  for (let at: Snapshot | undefined = snapshot; at !== undefined; at = at.parent) {
    if (at === from) return true;
  }
  return false;
}
