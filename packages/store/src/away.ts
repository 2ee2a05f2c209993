import { GutsError, messageOf } from '@guts/core';
import type { StoreDialect } from './dialect.ts';

/** The same store, whose calls say `database_unavailable` when the database is away. */
export function namingOutages<T extends object>(store: T, dialect: StoreDialect, where: string): T {
  const methods = Object.entries(store).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value] as const;
    const method = value as (...given: unknown[]) => Promise<unknown>;
    const named = async (...given: unknown[]): Promise<unknown> => {
      try {
        return await method(...given);
      } catch (error) {
        const busy = dialect.isBusy(error);
        if (!busy && !dialect.isAway(error)) throw error;
        const state = busy ? 'busy for too long' : 'away';
        throw new GutsError(
          'database_unavailable',
          `the database at ${where} is ${state}: ${messageOf(error)}`,
          {
            cause: error,
            transient: true,
            remedy: busy
              ? 'Another process holds its lock: see which; what was asked is tried again or can be asked again.'
              : 'Start it, or look at the network; what was asked is tried again or can be asked again.',
          },
        );
      }
    };
    return [name, named] as const;
  });
  return Object.fromEntries(methods) as T;
}
