import { readFileSync } from 'node:fs';
import { GutsError, messageOf } from '@guts/core';
import { MysqlDialect } from 'kysely';
import { createPool, type PoolConnection, type SslOptions } from 'mysql2';
import { STALLED_SECONDS } from '../stalled.ts';

const POOL = 10;
const CONNECT_MS = 10_000;

/** `ssl-ca=FILE`, or `ssl-mode=VERIFY_IDENTITY` for the system's authorities; the certificate is always verified. */
function tlsOf(url: URL): { ssl?: SslOptions } {
  const file = url.searchParams.get('ssl-ca');
  const mode = url.searchParams.get('ssl-mode')?.toUpperCase();
  if (file === null)
    return mode === undefined || mode === 'DISABLED' ? {} : { ssl: { rejectUnauthorized: true } };
  try {
    return { ssl: { rejectUnauthorized: true, ca: readFileSync(file, 'utf8') } };
  } catch (error) {
    throw new GutsError('configuration', `ssl-ca ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Connections to MySQL or MariaDB. Opened when first needed; a broken one is replaced. */
export function openMysql(url: URL, password: string | undefined): MysqlDialect {
  const pool = createPool({
    host: decodeURIComponent(url.hostname),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: password ?? decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...tlsOf(url),
    charset: 'utf8mb4_bin',
    connectionLimit: POOL,
    connectTimeout: CONNECT_MS,
    enableKeepAlive: true,
  });
  pool.on('connection', (connection: PoolConnection) => {
    // One that breaks fails its queries, and says so as an event too, which nobody else hears.
    connection.on('error', () => undefined);
    const set = (text: string): void => {
      connection.query(`set session ${text}`, () => undefined); // one that breaks here fails its next query
    };
    // As in the other databases: a transaction sees what others have committed, and waits for locks only.
    set('transaction isolation level read committed');
    // Its clock is the database's word on leases: it must not jump when a summer time ends.
    set("time_zone = '+00:00'");
    // MariaDB alone can end one that does nothing; MySQL takes that part for a comment.
    set(`autocommit = 1 /*M!100300 , session idle_transaction_timeout = ${STALLED_SECONDS} */`);
  });
  return new MysqlDialect({ pool });
}
