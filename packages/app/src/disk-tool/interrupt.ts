import { GutsError } from '@guts/core';

/** The part of Node's process that is used. */
interface Process {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does the work with a signal that the first SIGINT or SIGTERM aborts; the second ends the process.
 * @throws GutsError `cancelled` when it was interrupted, and what the work throws
 */
export async function interruptible<T>(
  process: Process,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupted = (): void => {
    if (stop.signal.aborted) return process.exit(130);
    stop.abort(new GutsError('cancelled', 'interrupted'));
  };
  for (const signal of SIGNALS) process.on(signal, interrupted);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
  }
}
