import { join } from 'node:path';
import { type Backend, Lane } from './lane.ts';
import type { Servers } from './servers.ts';

/** How many lanes work with each backend. */
export type LaneCounts = Readonly<Record<Backend, number>>;

interface Slot {
  readonly backend: Backend;
  /** Among the lanes of that backend. */
  readonly number: number;
  lane: Lane;
}

/** Lanes side by side; one that a run left in disorder is made anew. */
export class Lanes {
  readonly #folder: string;
  readonly #servers: Servers | null;
  readonly #slots: Slot[] = [];
  #opened = 0;
  #closed = false;

  /** Nothing is there until it is opened. */
  constructor(folder: string, servers: Servers | null) {
    this.#folder = folder;
    this.#servers = servers;
  }

  async open(counts: LaneCounts): Promise<void> {
    // One after the other: at once they would only wait for each other's processes.
    for (const backend of ['embedded', 'servers'] as const)
      for (let number = 0; number < counts[backend]; number += 1)
        this.#slots.push({ backend, number, lane: await this.#open(backend, number) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map(({ lane }) => lane.close()));
  }

  /**
   * Each lane takes the first piece that it can do when it is free. What the work gives back as more to do is done
   * before the rest.
   * @param backend of a piece; null: any lane can do it
   */
  async work<T>(
    pieces: readonly T[],
    backend: (piece: T) => Backend | null,
    work: (lane: Lane, piece: T) => Promise<{ readonly more?: T; readonly disorder: boolean }>,
  ): Promise<void> {
    const queue = [...pieces];
    await Promise.all(
      this.#slots.map(async (slot) => {
        for (;;) {
          const index = queue.findIndex((one) => [null, slot.backend].includes(backend(one)));
          const [piece] = index < 0 ? [] : queue.splice(index, 1);
          if (piece === undefined || this.#closed) return;
          const { more, disorder } = await work(slot.lane, piece);
          if (more !== undefined) queue.unshift(more);
          if (disorder) await this.#renew(slot);
        }
      }),
    );
  }

  async #renew(slot: Slot): Promise<void> {
    await slot.lane.close();
    if (!this.#closed) slot.lane = await this.#open(slot.backend, slot.number);
  }

  async #open(backend: Backend, slot: number): Promise<Lane> {
    this.#opened += 1;
    const name = `lane_${this.#opened}`;
    const folder = join(this.#folder, name);
    if (backend === 'embedded') return Lane.open(folder, null);
    if (!this.#servers) throw new Error('there are no servers');
    return Lane.open(folder, { servers: this.#servers, database: name, slot });
  }
}
