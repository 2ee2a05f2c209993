import { type Clock, GutsError } from '@guts/core';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Pauses before something is tried again, each twice the one before; milliseconds. @param seconds all together */
export function pausesWithin(seconds: number): readonly number[] {
  const pauses: number[] = [];
  let left = seconds * 1000;
  for (let next = FIRST_PAUSE_MS; left > 0; next = Math.min(2 * next, LONGEST_PAUSE_MS)) {
    // A last pause that would be a mere rest of the time lengthens the one before.
    const pause = left - next < next ? left : next;
    pauses.push(pause);
    left -= pause;
  }
  return pauses;
}

/** A try that went on for so long has got somewhere: the pauses begin anew; milliseconds. */
const LONG_TRY_MS = 5 * 60_000;

export interface PatienceParts {
  readonly clock: Clock;
  /** Milliseconds; when they are used up, the next failure counts. */
  readonly pauses: readonly number[];
  /** Told before each pause. */
  readonly onPause: (error: GutsError, milliseconds: number) => Promise<void> | void;
}

/** Tries again what failed for a reason that passes; all that is tried through one shares its pauses. */
export class Patience {
  readonly #parts: PatienceParts;
  #used = 0;

  constructor(parts: PatienceParts) {
    this.#parts = parts;
  }

  /** @throws what `work` threw last, or the signal's reason */
  async through<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, pauses, onPause } = this.#parts;
    for (;;) {
      const began = clock.monotonic();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof GutsError && error.transient) || signal.aborted) throw error;
        if (clock.monotonic() - began > LONG_TRY_MS) this.#used = 0;
        const pause = pauses[this.#used];
        if (pause === undefined) throw error;
        this.#used += 1;
        await onPause(error, pause);
        await clock.sleep(pause, signal).catch(() => undefined); // ends early by the signal only
        signal.throwIfAborted();
      }
    }
  }
}
