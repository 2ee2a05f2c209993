import type { ColumnDefinitionBuilder, Kysely, RawBuilder, Transaction } from 'kysely';
import type { Tables } from './schema/tables.ts';

/** What differs between databases, as capabilities; nothing else in this package asks which one it is. */
export interface StoreDialect {
  readonly name: 'sqlite' | 'postgresql' | 'mysql';
  /** The database's own clock now, not at the transaction's start: ms since the epoch. Leases are timed by it alone. */
  readonly now: RawBuilder<number>;
  /** Type of a key that grows by itself. */
  readonly growingKey: 'integer' | 'bigserial' | 'bigint';
  growing(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** Type of a text of any length. */
  readonly text: 'text' | RawBuilder<unknown>;
  /** Changes of the schema are undone with their transaction. */
  readonly transactionalSchema: boolean;
  /** Several write at once: what must happen one after the other takes a lock. */
  readonly parallelWrites: boolean;
  /** Done before the first change of a new database. */
  prepare?(db: Kysely<unknown>): Promise<void>;
  /** Runs the upgrade while no other process does; on one connection. */
  exclusively?<T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** True when a statement of a change says that it was done before; for databases that do not undo them. */
  isThereAlready(error: unknown): boolean;
  isUniqueViolation(error: unknown): boolean;
  /** True when the transaction did not happen and may simply be run again. */
  isBusy(error: unknown): boolean;
  /** True when the database is away: what was asked may or may not have happened. */
  isAway(error: unknown): boolean;
}

export type Db = Kysely<Tables>;
export type Trx = Transaction<Tables>;
