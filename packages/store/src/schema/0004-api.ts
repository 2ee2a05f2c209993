import { type Kysely, sql } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { fillInventoryKeys } from './fill-inventory-keys.ts';
import { unlessThereAlready } from './there-already.ts';

const ID = 'varchar(64)';
const WORD = 'varchar(32)';
const NAME = 'varchar(255)';

/** What lists are sorted and filtered by; a page is read from its index. */
const INDEXES = [
  ['migrations', 'project_id', 'status', 'sequence'],
  ['migrations', 'project_id', 'name', 'sequence'],
  ['migrations', 'project_id', 'priority', 'sequence'],
  ['migrations', 'project_id', 'created_at'],
  ['migrations', 'project_id', 'updated_at', 'sequence'],
  ['migrations', 'instance_ref'],
  ['migrations', 'instance_key'],
  ['operations', 'project_id', 'sequence'],
  ['operations', 'project_id', 'status', 'sequence'],
  ['operations', 'project_id', 'updated_at', 'sequence'],
  ['operations', 'subject_id', 'sequence'],
  ['inventory', 'source_id', 'kind', 'name_key', 'ref'],
  ['audit', 'project_id', 'at'],
  ['audit', 'resource_id', 'sequence'],
  ['audit', 'request_id'],
] as const;

/** Lists by key whatever their order, instances by what they are on, named mappings, facts, idempotency keys. */
export async function api(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  await db.schema
    .alterTable('inventory')
    .addColumn('name_key', NAME, (c) => c.notNull().defaultTo(''))
    .execute()
    .catch(unlessThere);
  await db.schema
    .alterTable('migrations')
    .addColumn('instance_key', NAME, (c) => c.notNull().defaultTo(''))
    .execute()
    .catch(unlessThere);
  await sql`update migrations set instance_key = substr(instance_name, 1, 200)`.execute(db);
  await db.schema
    .createTable('inventory_facets')
    .addColumn('source_id', ID, (c) => c.notNull())
    .addColumn('facet', WORD, (c) => c.notNull())
    .addColumn('value', NAME, (c) => c.notNull())
    .addColumn('ref', NAME, (c) => c.notNull())
    .addPrimaryKeyConstraint('inventory_facets_key', ['source_id', 'facet', 'value', 'ref'])
    .execute()
    .catch(unlessThere);
  await db.schema
    .createIndex('inventory_facets_source_id_ref')
    .on('inventory_facets')
    .columns(['source_id', 'ref'])
    .execute()
    .catch(unlessThere);
  await db.schema.alterTable('endpoints').addColumn('facts', dialect.text).execute().catch(unlessThere);
  await db.schema
    .createTable('mappings')
    .addColumn('sequence', dialect.growingKey, (c) => dialect.growing(c))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('name', NAME, (c) => c.notNull())
    .addColumn('description', dialect.text)
    .addColumn('mapping', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('mappings_name', ['project_id', 'name'])
    .execute()
    .catch(unlessThere);
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('user_id', ID, (c) => c.notNull())
    .addColumn('client_key', NAME, (c) => c.notNull())
    .addColumn('base_id', ID, (c) => c.notNull())
    .addColumn('sealed_digest', dialect.text, (c) => c.notNull())
    .addColumn('status', 'integer')
    .addColumn('answer', dialect.text)
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('taken_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['project_id', 'user_id', 'client_key'])
    .execute()
    .catch(unlessThere);
  await db.schema
    .createIndex('idempotency_keys_created_at')
    .on('idempotency_keys')
    .column('created_at')
    .execute()
    .catch(unlessThere);
  for (const [table, ...columns] of INDEXES)
    await db.schema
      .createIndex(`${table}_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute()
      .catch(unlessThere);
  await sql`delete from inventory_facets`.execute(db);
  await fillInventoryKeys(db);
}
