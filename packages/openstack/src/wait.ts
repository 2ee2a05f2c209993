import { WaitError } from './errors.ts';
import { pause } from './pause.ts';

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly deadlineSeconds: number;
  /** What is waited for, for the error: `volume v-1 to be available`. */
  readonly what: string;
  /** Milliseconds between the first two looks; each pause is half as long again, up to the longest. */
  readonly firstMs?: number;
  readonly longestMs?: number;
}

/** Looks again and again until the answer is not null. @throws WaitError at the deadline */
export async function waitFor<T>(look: () => Promise<T | null>, options: WaitOptions): Promise<T> {
  const { signal, deadlineSeconds, what, firstMs = 250, longestMs = 3000 } = options;
  const end = performance.now() + deadlineSeconds * 1000;
  for (let next = firstMs; ; next = Math.min(next * 1.5, longestMs)) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== null) return found;
    if (performance.now() + next > end)
      throw new WaitError(`waited ${deadlineSeconds} seconds for ${what}, in vain`);
    await pause(next, signal);
  }
}
