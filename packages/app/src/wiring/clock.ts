import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '@guts/core';

/** The system's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    if (signal === undefined) return wait(milliseconds);
    try {
      await wait(milliseconds, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
