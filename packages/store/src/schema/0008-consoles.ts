import type { Kysely } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

/** What the consoles of targets showed. */
export async function consoles(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  await db.schema
    .createTable('consoles')
    .addColumn('migration_id', 'varchar(64)', (c) => c.primaryKey())
    .addColumn('text', dialect.text, (c) => c.notNull())
    .addColumn('truncated', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .execute()
    .catch(unlessThereAlready(dialect));
}
