import { readFileSync } from 'node:fs';
import { GutsError, messageOf } from '@guts/core';
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { STALLED_SECONDS } from '../stalled.ts';

const POOL = 10;
const CONNECT_MS = 10_000;
/** OID of int8 (pg_type.dat). */
const INT8 = 20;

/** `sslmode` and `sslrootcert` as libpq has them; any mode that encrypts also verifies. */
function tlsOf(url: URL): false | { ca?: string; rejectUnauthorized: true } {
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  if (mode === 'disable') return false;
  if (!['require', 'verify-ca', 'verify-full'].includes(mode))
    throw new GutsError('configuration', `database_url: sslmode=${mode} is not supported`, {
      field: 'database_url',
      remedy: 'Use disable, or verify-full with sslrootcert=FILE.',
    });
  const file = url.searchParams.get('sslrootcert');
  if (file === null) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new GutsError('configuration', `sslrootcert ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** By a statement, for some connection poolers refuse it as a parameter of the start. */
const endStalled = (client: pg.ClientBase): unknown =>
  client.query(`set idle_in_transaction_session_timeout = '${STALLED_SECONDS}s'`);

/** Connections to PostgreSQL. Opened when first needed; a broken one is replaced. */
export function openPostgres(url: URL, password: string | undefined): PostgresDialect {
  const pool = new pg.Pool({
    host: decodeURIComponent(url.hostname),
    port: url.port === '' ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: password ?? decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl: tlsOf(url),
    max: POOL,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    // What it gives is awaited, whatever its type says.
    onConnect: endStalled,
    application_name: url.searchParams.get('application_name') ?? 'guts',
    // Numbers of ours stay below 2^53.
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as (value: string) => unknown),
    },
  });
  // An idle connection that breaks is dropped by the pool; whoever asks next gets a new one.
  pool.on('error', () => undefined);
  // One that breaks in use fails its queries, and says so as an event too, which nobody else hears.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return new PostgresDialect({ pool });
}
