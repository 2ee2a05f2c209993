import { setMaxListeners } from 'node:events';
import type { NbdConnection } from './connection.ts';
import { NbdError } from './errors.ts';
import type { NbdPool } from './pool.ts';

/**
 * Cuts [offset, offset + length) into pieces of at most `most` bytes, cut at its multiples, and works on all of them at
 * once: the connections' budgets hold back what is too much. The first failure stops the others; all have settled when
 * it is thrown.
 */
export async function inPieces(
  offset: number,
  length: number,
  most: number,
  signal: AbortSignal,
  work: (offset: number, length: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const end = offset + length;
  const firstCut = offset - (offset % most) + most;
  if (end <= firstCut) {
    if (length > 0) await work(offset, length, signal);
    return;
  }
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  setMaxListeners(0, either);
  const under: Promise<void>[] = [];
  for (let at = offset, next = firstCut; at < end; at = next, next += most)
    under.push(
      work(at, Math.min(next, end) - at, either).catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    );
  const outcomes = await Promise.allSettled(under);
  if (signal.aborted && outcomes.some(({ status }) => status === 'rejected')) throw signal.reason;
  if (failure.signal.aborted) throw failure.signal.reason;
}

/** Failures of a connection rather than of a request. */
const CONNECTION_FAILURES: ReadonlySet<string> = new Set([
  'nbd_connection_lost',
  'nbd_stalled',
  'nbd_shutdown',
]);

/**
 * Does it again when the connection broke, `attempts` times in all: for what changes nothing at the server. The end of a
 * server takes every connection of then with it, so what they break counts once.
 */
export async function overConnections<T>(
  pool: NbdPool,
  attempts: number,
  signal: AbortSignal,
  work: (connection: NbdConnection) => Promise<T>,
): Promise<T> {
  let failures = 0;
  /** Of the connections that there were when the last failure that counts was seen. */
  let newest = 0;
  for (;;) {
    let number = Infinity;
    try {
      return await pool.run(signal, (connection, which) => {
        number = which;
        return work(connection);
      });
    } catch (error) {
      signal.throwIfAborted();
      const broke = error instanceof NbdError && CONNECTION_FAILURES.has(error.code);
      if (number > newest) {
        failures += 1;
        newest = pool.made;
      }
      if (!broke || failures >= attempts) throw error;
    }
  }
}
