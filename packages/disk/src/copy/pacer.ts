import { setTimeout as delay } from 'node:timers/promises';

/** Time as the copy needs it; milliseconds. `sleep` rejects with the signal's reason when aborted. */
export interface CopyClock {
  monotonic(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: CopyClock = {
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** How much may be sent at once after a pause: a second's worth. */
const BURST_MILLISECONDS = 1000;

/** A token bucket: the answer resolves when `bytes` more may pass. Requests are served in their order. */
export function pacer(
  bytesPerSecond: number | undefined,
  clock: CopyClock,
): (bytes: number, signal: AbortSignal) => Promise<void> {
  if (bytesPerSecond === undefined) return () => Promise.resolve();
  if (!(bytesPerSecond > 0))
    throw new RangeError(`bytesPerSecond must be more than 0, not ${bytesPerSecond}`);
  let free = clock.monotonic();
  return async (bytes, signal) => {
    const now = clock.monotonic();
    free = Math.max(free, now - BURST_MILLISECONDS) + (bytes / bytesPerSecond) * 1000;
    if (free > now) await clock.sleep(free - now, signal);
  };
}
