import type { Kysely } from 'kysely';
import { unlessBusy } from '../busy.ts';
import type { Db, StoreDialect } from '../dialect.ts';
import { initial } from './0001-initial.ts';
import { survival } from './0002-survival.ts';
import { eventOrder } from './0003-event-order.ts';
import { api } from './0004-api.ts';
import { cursors } from './0005-cursors.ts';
import { limits } from './0006-limits.ts';
import { throughput } from './0007-throughput.ts';
import { consoles } from './0008-consoles.ts';

/**
 * Forward only, and each only adds: older daemons go on with a newer schema. Each runs once, in this order, in a
 * transaction of its own. What was published is never edited: test/schema.testsuite.ts holds the dump of each.
 */
export const CHANGES: readonly {
  name: string;
  run: (db: Kysely<unknown>, dialect: StoreDialect) => Promise<void>;
}[] = [
  { name: '0001-initial', run: initial },
  { name: '0002-survival', run: survival },
  { name: '0003-event-order', run: eventOrder },
  { name: '0004-api', run: api },
  { name: '0005-cursors', run: cursors },
  { name: '0006-limits', run: limits },
  { name: '0007-throughput', run: throughput },
  { name: '0008-consoles', run: consoles },
];

/** Names of changes not applied yet. @throws when the database is not reachable */
export async function pendingChanges(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables();
  if (!tables.some((table) => table.name === 'schema_versions')) return CHANGES.map((change) => change.name);
  const applied = await db.selectFrom('schema_versions').select('name').execute();
  const names = new Set(applied.map((row) => row.name));
  return CHANGES.map((change) => change.name).filter((name) => !names.has(name));
}

/** Names of changes that a newer version made. */
export async function aheadChanges(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables();
  if (!tables.some((table) => table.name === 'schema_versions')) return [];
  const applied = await db.selectFrom('schema_versions').select('name').orderBy('name').execute();
  return applied.map((row) => row.name).filter((name) => !CHANGES.some((change) => change.name === name));
}

/** Brings the schema up, or to the state after the first `count` changes; several processes may call it at once. */
export async function applyChanges(db: Db, dialect: StoreDialect, count?: number): Promise<string[]> {
  if (dialect.exclusively) return dialect.exclusively(db, (one) => applyAll(one, dialect, count));
  return applyAll(db, dialect, count);
}

async function applyAll(db: Db, dialect: StoreDialect, count?: number): Promise<string[]> {
  const tables = await db.introspection.getTables();
  if (!tables.some((table) => table.name === 'schema_versions'))
    await dialect.prepare?.(db as unknown as Kysely<unknown>);
  await unlessBusy(dialect, () =>
    db.schema
      .createTable('schema_versions')
      .ifNotExists()
      .addColumn('name', 'varchar(64)', (c) => c.primaryKey())
      .addColumn('applied_at', 'bigint', (c) => c.notNull())
      .execute(),
  );
  const done: string[] = [];
  for (const change of CHANGES.slice(0, count)) {
    // Where the schema is not part of a transaction, a change that was cut off is run again: it is written so.
    const applied = dialect.transactionalSchema
      ? await unlessBusy(dialect, () => db.transaction().execute((trx) => applyOne(trx, dialect, change)))
      : await applyOne(db, dialect, change);
    if (applied) done.push(change.name);
  }
  return done;
}

/** False: it was applied before. */
async function applyOne(db: Db, dialect: StoreDialect, change: (typeof CHANGES)[number]): Promise<boolean> {
  const there = await db
    .selectFrom('schema_versions')
    .select('name')
    .where('name', '=', change.name)
    .executeTakeFirst();
  if (there) return false;
  await change.run(db as unknown as Kysely<unknown>, dialect);
  await db.insertInto('schema_versions').values({ name: change.name, applied_at: dialect.now }).execute();
  return true;
}
