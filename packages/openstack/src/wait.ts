import { WaitError } from './errors.ts';
import { pause } from './pause.ts';

/** Milliseconds. */
export interface WaitClock {
  monotonic(): number;
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}
const SYSTEM: WaitClock = { monotonic: () => performance.now(), pause };

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly deadlineSeconds: number;
  /** What is waited for, for the error: `volume v-1 to be available`. */
  readonly what: string;
  /** Milliseconds between two looks, at least and at most; in between a tenth of the time that was waited so far. */
  readonly firstMs?: number;
  /**
   * What is not there at the second look is not looked at again before so many milliseconds: where a look costs the cloud
   * as much as it would take to get on with. Default 0.
   */
  readonly quietMs?: number;
  readonly longestMs?: number;
  readonly clock?: WaitClock;
}

/**
 * Looks again and again until the answer is not null: what takes long is looked at more rarely, and what there is is
 * seen hardly later than it came.
 * @throws WaitError at the deadline
 */
export async function waitFor<T>(look: () => Promise<T | null>, options: WaitOptions): Promise<T> {
  const {
    signal,
    deadlineSeconds,
    what,
    firstMs = 250,
    quietMs = 0,
    longestMs = 3000,
    clock = SYSTEM,
  } = options;
  const began = clock.monotonic();
  for (let looks = 1; ; looks += 1) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== null) return found;
    const waited = clock.monotonic() - began;
    const usual = Math.min(Math.max(firstMs, waited / 10), longestMs);
    const next = looks === 1 ? usual : Math.max(usual, quietMs - waited);
    if (waited + next > deadlineSeconds * 1000)
      throw new WaitError(`waited ${deadlineSeconds} seconds for ${what}, in vain`);
    await clock.pause(next, signal);
  }
}
