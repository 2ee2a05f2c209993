import { createRequire } from 'node:module';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** The little that both SQLite drivers have in common. */
interface RawStatement {
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}
interface RawDatabase {
  prepare(text: string): RawStatement;
  exec(text: string): unknown;
  close(): unknown;
}
type Constructor = new (file: string) => RawDatabase;

/** SQLite as Node has it (from 22.13), else libsql's prebuilt one: neither needs a compiler. */
function driver(): Constructor {
  const require = createRequire(import.meta.url);
  const version = process.versions.node.split('.').map(Number);
  const [major = 0, minor = 0] = version;
  if (major > 22 || (major === 22 && minor >= 13))
    return (require('node:sqlite') as { DatabaseSync: Constructor }).DatabaseSync;
  return require('libsql') as Constructor;
}

/**
 * Opens a database file (or `:memory:`) for Kysely.
 * @throws Error from the driver when it cannot be opened or is no database
 */
export function openSqlite(file: string): SqliteDatabase {
  const database = new (driver())(file);
  try {
    // WAL lets readers go on while one writes. NORMAL loses at most the last commits at a power cut of the host
    // and never consistency; a migration's journal must not lose its last word, so it is FULL.
    database.exec('pragma journal_mode = wal');
    database.exec('pragma synchronous = full');
    database.exec('pragma foreign_keys = on');
    // Short: the drivers are synchronous, and waiting here stops the whole process. Retries wait outside.
    database.exec('pragma busy_timeout = 100');
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    close: () => void database.close(),
    prepare: (text) =>
      TRANSACTION.test(text) ? immediate(database, text) : statement(database.prepare(text), text),
  };
}

const TRANSACTION = /^(begin|commit|rollback)\b/i;

/**
 * libsql leaves a prepared statement unfinished when it fails as busy, and then no transaction of the connection
 * can be committed; what runs without being prepared is always finished.
 */
function immediate(database: RawDatabase, text: string): SqliteStatement {
  const run = (): { changes: number; lastInsertRowid: number } => {
    database.exec(text);
    return { changes: 0, lastInsertRowid: 0 };
  };
  return { reader: false, all: () => [], run, iterate: () => [][Symbol.iterator]() };
}

function statement(raw: RawStatement, text: string): SqliteStatement {
  const reader = /^\s*(select|pragma|with|explain)\b|\breturning\b/i.test(text);
  return {
    reader,
    all: (parameters) => raw.all(...parameters),
    run: (parameters) => raw.run(...parameters),
    iterate: (parameters) => raw.all(...parameters)[Symbol.iterator](),
  };
}
