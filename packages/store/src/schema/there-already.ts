import type { StoreDialect } from '../dialect.ts';

/**
 * For the statements of a change: where the database does not undo a change that was cut off, it is run again, and
 * what was done before is no error.
 */
export function unlessThereAlready(dialect: StoreDialect): (error: unknown) => void {
  return (error) => {
    if (!dialect.isThereAlready(error)) throw error;
  };
}
