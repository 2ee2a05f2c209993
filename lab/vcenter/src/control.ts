import { BadMachine, removeMachine } from './machines.ts';
import type { MachineDisk } from './model/machine-disk.ts';
import type { Machine } from './model/machine.ts';
import type { PowerState } from './options.ts';
import { wait } from './tasks.ts';
import type { Vim } from './vim.ts';

/** A test's hand on one machine. */
export class MachineControl {
  readonly #vim: Vim;
  readonly #machine: Machine;

  constructor(vim: Vim, machine: Machine) {
    this.#vim = vim;
    this.#machine = machine;
  }

  /** The managed object id. */
  get id(): string {
    return this.#machine.ref.id;
  }

  get name(): string {
    return this.#machine.name;
  }

  get powerState(): PowerState {
    return this.#machine.power;
  }

  get annotation(): string {
    return this.#machine.annotation;
  }

  get changeTracking(): { readonly wanted: boolean; readonly active: boolean } {
    return { wanted: this.#machine.trackingWanted, active: this.#machine.trackingActive };
  }

  get snapshots(): readonly { readonly id: string; readonly name: string; readonly description: string }[] {
    return this.#machine.snapshots.map((s) => ({ id: s.ref.id, name: s.name, description: s.description }));
  }

  /** Whether an export lease is held. */
  get exporting(): boolean {
    return this.#machine.lease !== undefined;
  }

  /** Device keys of NICs that are connected or, while the machine is off, would be when it starts. */
  get connectedNics(): readonly number[] {
    const on = this.#machine.power === 'poweredOn';
    return [...this.#machine.links]
      .filter(([, l]) => (on ? l.connected : l.startConnected))
      .map(([key]) => key);
  }

  /** Raw files with the disks' present bytes: read them, but write through {@link write}. */
  get disks(): readonly { readonly path: string; readonly sizeBytes: number; readonly key: number }[] {
    return this.#machine.disks.map((d) => ({ path: d.disk.path, sizeBytes: d.disk.size, key: d.key }));
  }

  /** Writes as the running guest would. Offset in bytes. */
  async write(diskIndex: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#machine.write(this.#disk(diskIndex), offset, bytes);
  }

  async read(diskIndex: number, offset: number, length: number): Promise<Buffer> {
    return this.#disk(diskIndex).disk.read(offset, length);
  }

  /** Makes every change id given before worthless, as a crash of the host does. */
  resetTracking(): void {
    for (const disk of this.#machine.disks) disk.tracking.reset();
    this.#vim.inventory.touch(this.#machine.ref);
  }

  setPower(state: PowerState): void {
    if (state === 'poweredOn') this.#machine.powerOn();
    else {
      this.#machine.powerOff();
      this.#machine.power = state;
    }
    this.#vim.inventory.touch(this.#machine.ref);
  }

  rename(name: string): void {
    this.#machine.name = name;
    this.#machine.changeVersion += 1;
    this.#vim.inventory.touch(this.#machine.ref);
  }

  async remove(): Promise<void> {
    await removeMachine(this.#vim, this.#machine);
  }

  #disk(index: number): MachineDisk {
    const disk = this.#machine.disks[index];
    if (disk === undefined) throw new BadMachine(`${this.name} has no disk ${index}.`);
    return disk;
  }
}

/** Writes to a running machine's disk again and again, as a busy guest does. */
export class Writer {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #writes = 0;

  /** Starts at once: `bytes` random-looking bytes at a place of its own choosing, every `everyMs` milliseconds. */
  constructor(
    machine: MachineControl,
    options: { diskIndex?: number; everyMs: number; bytes?: number; seed?: number },
  ) {
    this.#done = this.#run(machine, options);
  }

  get writes(): number {
    return this.#writes;
  }

  /** Stops after the write under way. @throws what a write threw */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(
    machine: MachineControl,
    options: { diskIndex?: number; everyMs: number; bytes?: number; seed?: number },
  ): Promise<void> {
    const index = options.diskIndex ?? 0;
    const size = machine.disks[index]?.sizeBytes ?? 0;
    const length = Math.min(options.bytes ?? 4096, size);
    let random = (options.seed ?? 1) >>> 0;
    while (!this.#stop.signal.aborted) {
      if (machine.powerState === 'poweredOn') {
        random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
        const slots = Math.max(1, Math.floor((size - length) / 512));
        await machine.write(index, (random % slots) * 512, Buffer.alloc(length, (random >>> 24) | 1));
        this.#writes += 1;
      }
      await wait(options.everyMs, this.#stop.signal);
    }
  }
}
