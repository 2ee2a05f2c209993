import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { ColumnDefinitionBuilder } from 'kysely';
import type { Tables } from './schema/tables.ts';

/** What differs between databases, as capabilities; nothing else in this package asks which one it is. */
export interface StoreDialect {
  readonly name: 'sqlite';
  /** The database's own clock: milliseconds since the epoch. Leases are timed by it alone. */
  readonly now: RawBuilder<number>;
  /** Type of a key that grows by itself. */
  readonly growingKey: 'integer' | 'bigserial';
  growing(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  isUniqueViolation(error: unknown): boolean;
  /** True when the transaction may simply be run again. */
  isBusy(error: unknown): boolean;
}

export type Db = Kysely<Tables>;
export type Trx = Transaction<Tables>;
