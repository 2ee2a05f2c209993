import { setTimeout as delay } from 'node:timers/promises';

/** Time as a copy needs it; milliseconds. `sleep` rejects with the signal's reason when aborted. */
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
