import type { Kysely } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

/** What the copies of a worker may move, as an operator said. */
export async function limits(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  await db.schema
    .alterTable('services')
    .addColumn('bytes_per_second_limit', 'bigint')
    .execute()
    .catch(unlessThereAlready(dialect));
}
