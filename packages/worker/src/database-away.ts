import { type Clock, GutsError, type Log } from '@guts/core';

const PAUSE_MS = 500;

/**
 * The same store, whose calls are tried again while the database is away and the lease lasts: a database that
 * restarts ends no migration. Only for calls that may be done twice, as all of the journal's may: a write that
 * was committed before its answer was lost is fenced by the epoch and writes the same again.
 * @param parts.check throws once the lease is lost
 */
export function throughOutages<T extends object>(
  store: T,
  parts: { readonly check: () => void; readonly clock: Clock; readonly log: Log },
): T {
  return new Proxy(store, {
    get(object, name): unknown {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      const method = value as (...given: unknown[]) => Promise<unknown>;
      return async (...given: unknown[]): Promise<unknown> => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await method.apply(object, given);
          } catch (error) {
            if (!(error instanceof GutsError && error.code === 'database_unavailable')) throw error;
            parts.check();
            if (attempt === 1) parts.log.warn({ err: error }, 'the database is away: waiting for it');
            await parts.clock.sleep(PAUSE_MS);
          }
        }
      };
    },
  });
}
