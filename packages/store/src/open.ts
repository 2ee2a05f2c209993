import { GutsError, messageOf, type Store } from '@guts/core';
import { type Dialect, Kysely } from 'kysely';
import { namingOutages } from './away.ts';
import { unlessBusy } from './busy.ts';
import { StoreContext } from './context.ts';
import type { StoreDialect } from './dialect.ts';
import { mysqlDialect } from './mysql/dialect.ts';
import { postgresDialect } from './postgresql/dialect.ts';
import { countStore } from './parts/counts.ts';
import { checkpointStore } from './parts/checkpoints.ts';
import { outboxStore } from './parts/outbox.ts';
import { schedulingStore } from './parts/scheduling.ts';
import { artifactStore } from './parts/artifacts.ts';
import { diskStore } from './parts/disks.ts';
import { consoleStore } from './parts/consoles.ts';
import { cursorStore } from './parts/cursors.ts';
import { endpointStore } from './parts/endpoints.ts';
import { historyStore } from './parts/history.ts';
import { idempotencyStore } from './parts/idempotency.ts';
import { inventoryStore } from './parts/inventory.ts';
import { leaseStore } from './parts/leases.ts';
import { mappingStore } from './parts/mappings.ts';
import { migrationStore } from './parts/migrations.ts';
import { operationStore } from './parts/operations.ts';
import { sealedStore } from './parts/sealed.ts';
import { serviceStore } from './parts/services.ts';
import { stepStore } from './parts/steps.ts';
import { throughputStore } from './parts/throughput.ts';
import type { Tables } from './schema/tables.ts';
import { aheadChanges, applyChanges, pendingChanges } from './schema/upgrade.ts';
import { openSqlite } from './sqlite/database.ts';
import { ImmediateSqliteDialect, sqliteDialect } from './sqlite/dialect.ts';

export interface StoreOptions {
  /**
   * `sqlite:///absolute/path`, `sqlite::memory:`, `postgresql://user@host:port/database` (sslmode, sslrootcert) or
   * `mysql://…`, `mariadb://…` (ssl-mode, ssl-ca).
   */
  readonly url: string;
  /** Wins over one in the URL. */
  readonly password?: string;
}

interface Opened {
  readonly dialect: Dialect;
  readonly capabilities: StoreDialect;
  /** As people may see it. */
  readonly where: string;
}

async function sqlite(file: string): Promise<Opened> {
  try {
    // Daemons that start together make the same new file.
    const dialect = new ImmediateSqliteDialect(await unlessBusy(sqliteDialect, () => openSqlite(file)));
    return { dialect, capabilities: sqliteDialect, where: file };
  } catch (error) {
    throw new GutsError('configuration', `the database ${file} cannot be opened: ${messageOf(error)}`, {
      cause: error,
      field: 'database_url',
      remedy: 'The folder must exist, be writable, and the file must be a SQLite database of GUTS.',
    });
  }
}

/**
 * Drivers of servers are loaded when one is asked for: to load them takes longer than to open a file.
 * @throws GutsError `configuration` when the URL is unknown, or the file cannot be opened or is no database
 */
export async function openDatabase({ url, password }: StoreOptions): Promise<Opened> {
  if (url === 'sqlite::memory:') return sqlite(':memory:');
  if (url.startsWith('sqlite:///')) return sqlite(url.slice('sqlite://'.length));
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? '';
  const server =
    /^(postgresql|postgres|mysql|mariadb):$/.test(scheme) && URL.canParse(url) ? new URL(url) : null;
  if (!server || server.pathname.length < 2)
    throw new GutsError('configuration', `database_url "${scheme}…" is not supported`, {
      field: 'database_url',
      remedy:
        'Use sqlite:///absolute/path/to/guts.db, postgresql://user@host/database or mariadb://user@host/database.',
    });
  const where = `${server.host}${server.pathname}`;
  if (scheme.startsWith('postgres')) {
    const { openPostgres } = await import('./postgresql/pool.ts');
    return { dialect: openPostgres(server, password), capabilities: postgresDialect, where };
  }
  const { openMysql } = await import('./mysql/pool.ts');
  return { dialect: openMysql(server, password), capabilities: mysqlDialect, where };
}

/**
 * Opens the database; does not touch its schema (see `upgrade` and `check`). A server that is away is no error here
 * but of each call: GutsError `database_unavailable`.
 * @throws GutsError `configuration` when the URL is unknown, or the file cannot be opened or is no database
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dialect, capabilities, where } = await openDatabase(options);
  return storeOn(new Kysely<Tables>({ dialect }), capabilities, where);
}

/** @param where as people may see it */
export function storeOn(db: Kysely<Tables>, capabilities: StoreDialect, where: string): Store {
  const context = new StoreContext(db, capabilities);
  const store: Store = {
    ...endpointStore(context),
    ...inventoryStore(context),
    ...migrationStore(context),
    ...leaseStore(context),
    ...schedulingStore(context),
    ...checkpointStore(context),
    ...outboxStore(context),
    ...countStore(context),
    ...stepStore(context),
    ...artifactStore(context),
    ...diskStore(context),
    ...consoleStore(context),
    ...operationStore(context),
    ...serviceStore(context),
    ...historyStore(context),
    ...mappingStore(context),
    ...idempotencyStore(context),
    ...sealedStore(context),
    ...cursorStore(context),
    ...throughputStore(context),
    async upgrade() {
      try {
        return { applied: await applyChanges(db, capabilities) };
      } catch (error) {
        if (capabilities.isAway(error)) throw error;
        throw new GutsError(
          'configuration',
          `the database ${where} cannot be upgraded: ${messageOf(error)}`,
          {
            cause: error,
            field: 'database_url',
            remedy:
              'It must be writable, with the right to create and alter tables; its disk must not be full.',
          },
        );
      }
    },
    async check() {
      const pending = await pendingChanges(db);
      return { current: pending.length === 0, pending, ahead: await aheadChanges(db) };
    },
    close: () => db.destroy(),
  };
  return namingOutages(store, capabilities, where);
}
