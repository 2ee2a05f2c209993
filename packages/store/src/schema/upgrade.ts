import type { Kysely } from 'kysely';
import type { Db, StoreDialect } from '../dialect.ts';
import { initial } from './0001-initial.ts';
import { survival } from './0002-survival.ts';

/** Forward only; each runs once, in this order, in a transaction of its own. */
const CHANGES: readonly {
  name: string;
  run: (db: Kysely<unknown>, dialect: StoreDialect) => Promise<void>;
}[] = [
  { name: '0001-initial', run: initial },
  { name: '0002-survival', run: survival },
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

/** Brings the schema up; several processes may call it at once. */
export async function applyChanges(db: Db, dialect: StoreDialect): Promise<string[]> {
  await db.schema
    .createTable('schema_versions')
    .ifNotExists()
    .addColumn('name', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('applied_at', 'bigint', (c) => c.notNull())
    .execute();
  const done: string[] = [];
  for (const change of CHANGES) {
    await db.transaction().execute(async (trx) => {
      const there = await trx
        .selectFrom('schema_versions')
        .select('name')
        .where('name', '=', change.name)
        .executeTakeFirst();
      if (there) return;
      await change.run(trx as unknown as Kysely<unknown>, dialect);
      await trx
        .insertInto('schema_versions')
        .values({ name: change.name, applied_at: dialect.now })
        .execute();
      done.push(change.name);
    });
  }
  return done;
}
