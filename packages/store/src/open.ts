import { GutsError, messageOf, type Store } from '@guts/core';
import { Kysely } from 'kysely';
import { StoreContext } from './context.ts';
import { countStore } from './parts/counts.ts';
import { checkpointStore } from './parts/checkpoints.ts';
import { outboxStore } from './parts/outbox.ts';
import { schedulingStore } from './parts/scheduling.ts';
import { artifactStore } from './parts/artifacts.ts';
import { diskStore } from './parts/disks.ts';
import { endpointStore } from './parts/endpoints.ts';
import { historyStore } from './parts/history.ts';
import { inventoryStore } from './parts/inventory.ts';
import { leaseStore } from './parts/leases.ts';
import { migrationStore } from './parts/migrations.ts';
import { operationStore } from './parts/operations.ts';
import { serviceStore } from './parts/services.ts';
import { stepStore } from './parts/steps.ts';
import type { Tables } from './schema/tables.ts';
import { aheadChanges, applyChanges, pendingChanges } from './schema/upgrade.ts';
import { openSqlite } from './sqlite/database.ts';
import { ImmediateSqliteDialect, sqliteDialect } from './sqlite/dialect.ts';

/** The file behind `sqlite:///absolute/path` or `sqlite::memory:`. */
function sqliteFile(url: string): string {
  if (url === 'sqlite::memory:') return ':memory:';
  if (url.startsWith('sqlite:///')) return url.slice('sqlite://'.length);
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? url.slice(0, 16);
  throw new GutsError('configuration', `database.url "${scheme}…" is not supported`, {
    field: 'database.url',
    remedy: 'Use sqlite:///absolute/path/to/guts.db.',
  });
}

/**
 * Opens the database; does not touch its schema (see `upgrade` and `check`).
 * @throws GutsError `configuration` when the URL is unknown, or the file cannot be opened or is no database
 */
export function openStore(options: { readonly url: string }): Promise<Store> {
  const file = sqliteFile(options.url);
  let dialect: ImmediateSqliteDialect;
  try {
    dialect = new ImmediateSqliteDialect(openSqlite(file));
  } catch (error) {
    return Promise.reject(
      new GutsError('configuration', `the database ${file} cannot be opened: ${messageOf(error)}`, {
        cause: error,
        field: 'database.url',
        remedy: 'The folder must exist, be writable, and the file must be a SQLite database of GUTS.',
      }),
    );
  }
  const db = new Kysely<Tables>({ dialect });
  const context = new StoreContext(db, sqliteDialect);
  return Promise.resolve({
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
    ...operationStore(context),
    ...serviceStore(context),
    ...historyStore(context),
    async upgrade() {
      try {
        return { applied: await applyChanges(db, sqliteDialect) };
      } catch (error) {
        throw new GutsError('configuration', `the database ${file} cannot be upgraded: ${messageOf(error)}`, {
          cause: error,
          field: 'database.url',
          remedy: 'Check that the file and its folder are writable and that the disk is not full.',
        });
      }
    },
    async check() {
      const pending = await pendingChanges(db);
      return { current: pending.length === 0, pending, ahead: await aheadChanges(db) };
    },
    close: () => db.destroy(),
  });
}
