import { type Clock, type Log, messageOf } from '@guts/core';

export interface PumpParts {
  readonly clock: Clock;
  readonly log: Log;
  /** How often it works when nobody nudges. */
  readonly pollMilliseconds: number;
  /** True when there may be more at once. */
  readonly work: (signal: AbortSignal) => Promise<boolean>;
  /** What is said when it begins to fail, for it is tried again for as long as that lasts. */
  readonly complaint: string;
}

const LONGEST_PAUSE_MS = 15_000;

/** Does the same again and again; what fails is done later and later. */
export class Pump {
  readonly #parts: PumpParts;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #nudged = false;
  #loop: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There is something to do: looks at once. */
  nudge(): void {
    this.#nudged = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log, work, complaint } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      this.#nudged = false;
      try {
        const more = await work(this.#stopping.signal);
        this.#failures = 0;
        if (more) continue;
      } catch (error) {
        this.#failures += 1;
        if (this.#failures === 1) log.warn({ err: error }, `${complaint}: ${messageOf(error)}`);
      }
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      if (this.#nudged && this.#failures === 0) continue;
      const signal = AbortSignal.any([this.#stopping.signal, woken.signal]);
      await clock.sleep(this.#pause(), signal).catch(() => undefined);
    }
  }

  #pause(): number {
    const { pollMilliseconds } = this.#parts;
    if (this.#failures === 0) return pollMilliseconds;
    const longer = Math.min(LONGEST_PAUSE_MS, pollMilliseconds * 2 ** Math.min(this.#failures, 10));
    return longer * (0.5 + Math.random() / 2);
  }
}
