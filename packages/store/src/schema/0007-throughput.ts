import type { Kysely } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

const ID = 'varchar(64)';

/** How many bytes moved when, per migration; found by migration, by project, and by age alone to be dropped. */
export async function throughput(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  await db.schema
    .createTable('throughput')
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('throughput_key', ['migration_id', 'at'])
    .execute()
    .catch(unlessThere);
  for (const columns of [['project_id', 'at'], ['at']])
    await db.schema
      .createIndex(`throughput_${columns.join('_')}`)
      .on('throughput')
      .columns(columns)
      .execute()
      .catch(unlessThere);
}
