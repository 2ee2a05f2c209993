import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  sql,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';
import type { SqliteDatabase } from 'kysely';
import type { StoreDialect } from '../dialect.ts';

/** Takes the write lock at once: a transaction that read first could not be upgraded while another writes. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#database });
  }
}

export const sqliteDialect: StoreDialect = {
  name: 'sqlite',
  // Julian day of the epoch: 2440587.5 (SQLite, "Date And Time Functions").
  now: sql<number>`cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`,
  growingKey: 'integer',
  text: 'text',
  transactionalSchema: true,
  parallelWrites: false,
  growing: (column) => column.primaryKey().autoIncrement(),
  isUniqueViolation: (error) => /UNIQUE constraint failed/.test(messageOf(error)),
  isAway: () => false,
  isThereAlready: () => false,
  isBusy: (error) => /database is locked|database table is locked|SQLITE_BUSY/i.test(messageOf(error)),
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
