import type { Clock } from '@guts/core';

/** Waits for something that ends with its connection, however it ends; but not for ever. */
export async function within(clock: Clock, milliseconds: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const late = clock.sleep(milliseconds, done.signal).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), late]);
  done.abort();
}
