import type { Kysely } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

/** How far those who pass events on have read them. */
export async function cursors(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  await db.schema
    .createTable('cursors')
    .addColumn('name', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('sequence', 'bigint', (c) => c.notNull())
    .addColumn('held_by', 'varchar(255)')
    .addColumn('held_until', 'bigint')
    .execute()
    .catch(unlessThere);
}
