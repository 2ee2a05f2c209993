import { setTimeout as sleep } from 'node:timers/promises';

/** @throws the signal's reason, rather than an error that says no more than "aborted" */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
