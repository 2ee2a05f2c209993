import { join } from 'node:path';
import { type Backend, Lane } from './lane.ts';
import type { Servers } from './servers.ts';

/** How many lanes work with each backend. */
export type LaneCounts = Readonly<Record<Backend, number>>;

/** A machine that opens a lane in so long bears as many as are wanted side by side; seconds. */
const SWIFT_SECONDS = 4;

/**
 * How many lanes a machine bears. Their leases are short, so that none waits long for a take-over: where everything takes
 * several times as long, many at once would lose them without anybody striking.
 * @param wanted 1 or more. @param seconds that it took to open one
 */
export const bearable = (wanted: number, seconds: number): number =>
  Math.max(1, Math.round(wanted * Math.min(1, SWIFT_SECONDS / seconds)));

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

  /** @param exactly also on a machine that is slow. @returns how many there are */
  async open(wanted: LaneCounts, exactly: boolean): Promise<LaneCounts> {
    const counts = { ...wanted };
    // One after the other: at once they would only wait for each other's processes.
    for (const backend of ['embedded', 'servers'] as const)
      for (let number = 0; number < counts[backend]; number += 1) {
        const began = performance.now();
        this.#slots.push({ backend, number, lane: await this.#open(backend, number) });
        const seconds = (performance.now() - began) / 1000;
        if (number === 0 && !exactly) counts[backend] = bearable(wanted[backend], seconds);
      }
    return counts;
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
