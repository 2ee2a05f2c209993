import { type Kysely, sql } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

const ID = 'varchar(64)';
const WORD = 'varchar(32)';

/** Traces and demands of scheduling, requests of people, checkpoints, drains, an outbox and locks. Only adds. */
export async function survival(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  for (const column of ['request', 'demand', 'trace'] as const)
    await db.schema.alterTable('migrations').addColumn(column, dialect.text).execute().catch(unlessThere);
  await db.schema.alterTable('migrations').addColumn('queued_at', 'bigint').execute().catch(unlessThere);
  await db.schema
    .alterTable('services')
    .addColumn('draining', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
    .catch(unlessThere);
  await db.schema.alterTable('services').addColumn('scratch_bytes', 'bigint').execute().catch(unlessThere);
  await db.schema.alterTable('services').addColumn('bytes_per_second', 'bigint').execute().catch(unlessThere);
  await db.schema
    .createTable('checkpoints')
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('disk_key', ID, (c) => c.notNull())
    .addColumn('pass', 'integer', (c) => c.notNull())
    .addColumn('first_chunk', 'integer', (c) => c.notNull())
    .addColumn('chunk_size', 'bigint', (c) => c.notNull())
    .addColumn('digests', dialect.text, (c) => c.notNull())
    .addColumn('flushed_bytes', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('checkpoints_key', ['migration_id', 'disk_key', 'pass', 'first_chunk'])
    .execute()
    .catch(unlessThere);
  await db.schema
    .createTable('outbox')
    .addColumn('sequence', dialect.growingKey, (c) => dialect.growing(c))
    .addColumn('topic', WORD, (c) => c.notNull())
    .addColumn('about', ID, (c) => c.notNull())
    .addColumn('recipient', 'varchar(255)')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('claimed_by', 'varchar(255)')
    .addColumn('claimed_until', 'bigint')
    .execute()
    .catch(unlessThere);
  await db.schema
    .createTable('locks')
    .addColumn('name', WORD, (c) => c.primaryKey())
    .addColumn('taken_at', 'bigint', (c) => c.notNull())
    .execute()
    .catch(unlessThere);
  await sql`insert into locks (name, taken_at)
    select 'scheduling', 0 from (select 1 as one) as once
    where not exists (select 1 from locks where name = 'scheduling')`
    .execute(db)
    .catch(unlessThere);
}
