import { GutsError } from '@guts/core';
import { sql } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { isNetworkError } from '../network-error.ts';

const UPGRADE_LOCK = 'guts.upgrade';
const UPGRADE_SECONDS = 600;

/** Deadlock; lock wait timeout (MySQL, server error reference). */
const BUSY = [1213, 1205];
/** Too many connections, shut down, killed, connection lost. */
const AWAY = [1040, 1053, 1927, 3169];

/** Table, column or index exists. */
const DONE = [1050, 1060, 1061];

/** MySQL 8 and MariaDB 10.6 and later. */
export const mysqlDialect: StoreDialect = {
  name: 'mysql',
  // sysdate() is when it is called; now() would be the statement's start.
  now: sql<number>`cast(floor(unix_timestamp(sysdate(6)) * 1000) as signed)`,
  growingKey: 'bigint',
  growing: (column) => column.primaryKey().autoIncrement(),
  text: sql`longtext`,
  transactionalSchema: false,
  parallelWrites: true,
  // Ids, names and keys are compared byte by byte, as elsewhere; tables follow the database's default.
  prepare: async (db) => {
    const { rows } = await sql<{ name: string }>`select database() as name`.execute(db);
    const [row] = rows;
    await sql`alter database ${sql.id(row?.name ?? '')} character set utf8mb4 collate utf8mb4_bin`.execute(
      db,
    );
  },
  exclusively: (db, work) =>
    db.connection().execute(async (connection) => {
      const lock = sql.lit(UPGRADE_LOCK);
      const { rows } = await sql<{
        got: number | null;
      }>`select get_lock(${lock}, ${sql.lit(UPGRADE_SECONDS)}) as got`.execute(connection);
      if (rows[0]?.got !== 1)
        throw new GutsError('database_unavailable', 'another process upgrades the schema and does not end');
      try {
        return await work(connection);
      } finally {
        await sql`select release_lock(${lock})`.execute(connection);
      }
    }),
  isThereAlready: (error) => DONE.includes(numberOf(error)),
  isUniqueViolation: (error) => numberOf(error) === 1062,
  isBusy: (error) => BUSY.includes(numberOf(error)),
  isAway: (error) => AWAY.includes(numberOf(error)) || isNetworkError(error),
};

function numberOf(error: unknown): number {
  return Number((error as { errno?: unknown } | null)?.errno ?? 0);
}
