import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@guts/core';

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : {}),
};
