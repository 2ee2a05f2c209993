import { sql } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { isNetworkError } from '../network-error.ts';

/** Key of the advisory lock that serialises upgrades; any number that nobody else uses in the database. */
const UPGRADE_LOCK = 7_000_418;

/** SQLSTATEs (PostgreSQL, appendix A): serialization failure, deadlock, lock not available. */
const BUSY = ['40001', '40P01', '55P03'];
/**
 * Shut down by an administrator, crashed, cannot connect now, too many connections, ended for doing nothing within a
 * transaction; class 08: connection lost.
 */
const AWAY = /^(57P0[123]|53300|25P03|08...)$/;

export const postgresDialect: StoreDialect = {
  name: 'postgresql',
  now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  growingKey: 'bigserial',
  growing: (column) => column.primaryKey(),
  text: 'text',
  transactionalSchema: true,
  parallelWrites: true,
  exclusively: (db, work) =>
    db.connection().execute(async (connection) => {
      await sql`select pg_advisory_lock(${sql.lit(UPGRADE_LOCK)})`.execute(connection);
      try {
        return await work(connection);
      } finally {
        await sql`select pg_advisory_unlock(${sql.lit(UPGRADE_LOCK)})`.execute(connection);
      }
    }),
  isThereAlready: () => false,
  isUniqueViolation: (error) => codeOf(error) === '23505',
  isBusy: (error) => BUSY.includes(codeOf(error)),
  isAway: (error) => AWAY.test(codeOf(error)) || isNetworkError(error),
};

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
