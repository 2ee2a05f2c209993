import { type CpuInfo, cpus } from 'node:os';

/** Over less time the system's counts, of 10 ms each, say little; over more they tell of what is long past. */
const LEAST_MILLISECONDS = 100;
const MOST_MILLISECONDS = 2000;

/** How busy the processors of this host are, whoever has them; waiting for storage is not busy. */
export class HostLoad {
  readonly #read: () => readonly Pick<CpuInfo, 'times'>[];
  readonly #now: () => number;
  #at: number;
  #worked: number;
  #busy = 1;

  /** @param now monotonic milliseconds */
  constructor(read: () => readonly Pick<CpuInfo, 'times'>[] = cpus, now = (): number => performance.now()) {
    this.#read = read;
    this.#now = now;
    this.#at = now();
    this.#worked = workedBy(read());
  }

  /** What they worked of their time since it was last asked: 0 to 1. When that was long ago they count as busy. */
  busy(): number {
    const now = this.#now();
    const passed = now - this.#at;
    if (passed < LEAST_MILLISECONDS) return this.#busy;
    const all = this.#read();
    const worked = workedBy(all);
    this.#busy = passed > MOST_MILLISECONDS ? 1 : Math.min(1, (worked - this.#worked) / passed / all.length);
    this.#at = now;
    this.#worked = worked;
    return this.#busy;
  }
}

/** Milliseconds that all of them have worked. */
const workedBy = (all: readonly Pick<CpuInfo, 'times'>[]): number =>
  all.reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
