import { type Kysely, sql } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

/**
 * A lock for writing events: whoever reads them by their sequence must not see a later one before an earlier one.
 * Indexes for what a daemon asks again and again.
 */
export async function eventOrder(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  await sql`insert into locks (name, taken_at)
    select 'events', 0 from (select 1 as one) as once
    where not exists (select 1 from locks where name = 'events')`
    .execute(db)
    .catch(unlessThere);
  await db.schema
    .createIndex('migrations_status_lease')
    .on('migrations')
    .columns(['status', 'lease_until'])
    .execute()
    .catch(unlessThere);
}
