import type { CreateTableBuilder, Kysely } from 'kysely';
import type { StoreDialect } from '../dialect.ts';
import { unlessThereAlready } from './there-already.ts';

const ID = 'varchar(64)';
const WORD = 'varchar(32)';
const NAME = 'varchar(255)';

/** The schema of DESIGN section 4 as of the first release. */
export async function initial(db: Kysely<unknown>, dialect: StoreDialect): Promise<void> {
  const unlessThere = unlessThereAlready(dialect);
  const growing = <T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T, 'sequence'> =>
    table.addColumn('sequence', dialect.growingKey, (column) => dialect.growing(column));

  await growing(db.schema.createTable('endpoints'))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('side', WORD, (c) => c.notNull())
    .addColumn('name', NAME, (c) => c.notNull())
    .addColumn('driver', WORD, (c) => c.notNull())
    .addColumn('settings', dialect.text, (c) => c.notNull())
    .addColumn('sealed_secret', dialect.text, (c) => c.notNull())
    .addColumn('status', WORD, (c) => c.notNull())
    .addColumn('status_reason', dialect.text)
    .addColumn('report', dialect.text)
    .addColumn('validated_at', 'bigint')
    .addColumn('refreshed_at', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('endpoints_name', ['project_id', 'side', 'name'])
    .execute()
    .catch(unlessThere);

  await db.schema
    .createTable('inventory')
    .addColumn('source_id', ID, (c) => c.notNull())
    .addColumn('kind', WORD, (c) => c.notNull())
    .addColumn('ref', NAME, (c) => c.notNull())
    .addColumn('name', dialect.text, (c) => c.notNull())
    .addColumn('search', dialect.text, (c) => c.notNull())
    .addColumn('data', dialect.text, (c) => c.notNull())
    .addColumn('generation', ID, (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('inventory_key', ['source_id', 'kind', 'ref'])
    .execute()
    .catch(unlessThere);

  await db.schema
    .createTable('plans')
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('name', NAME, (c) => c.notNull())
    .addColumn('data', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
    .catch(unlessThere);

  await growing(db.schema.createTable('migrations'))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('user_id', ID)
    .addColumn('plan_id', ID)
    .addColumn('name', NAME, (c) => c.notNull())
    .addColumn('source_id', ID, (c) => c.notNull())
    .addColumn('destination_id', ID, (c) => c.notNull())
    .addColumn('instance_ref', NAME, (c) => c.notNull())
    .addColumn('instance_name', dialect.text, (c) => c.notNull())
    .addColumn('instance_claim', 'varchar(320)', (c) => c.unique())
    .addColumn('target_project', NAME)
    .addColumn('mode', WORD, (c) => c.notNull())
    .addColumn('purpose', WORD, (c) => c.notNull())
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('spec', dialect.text, (c) => c.notNull())
    .addColumn('status', WORD, (c) => c.notNull())
    .addColumn('phase', WORD)
    .addColumn('step', WORD)
    .addColumn('reason', dialect.text)
    .addColumn('error', dialect.text)
    .addColumn('cancel_requested', 'integer', (c) => c.notNull())
    .addColumn('reserved_worker_id', ID)
    .addColumn('reserved_until', 'bigint')
    .addColumn('worker_id', ID)
    .addColumn('epoch', 'integer', (c) => c.notNull())
    .addColumn('lease_until', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .execute()
    .catch(unlessThere);
  await index(db, unlessThere, 'migrations', ['project_id', 'sequence']);
  await index(db, unlessThere, 'migrations', ['status', 'priority']);
  await index(db, unlessThere, 'migrations', ['source_id']);
  await index(db, unlessThere, 'migrations', ['destination_id']);
  await index(db, unlessThere, 'migrations', ['reserved_worker_id']);

  await growing(db.schema.createTable('steps'))
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('step', WORD, (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('status', WORD, (c) => c.notNull())
    .addColumn('epoch', 'integer', (c) => c.notNull())
    .addColumn('output', dialect.text)
    .addColumn('error', dialect.text)
    .addColumn('note', dialect.text)
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('finished_at', 'bigint')
    .addUniqueConstraint('steps_attempt', ['migration_id', 'step', 'attempt'])
    .execute()
    .catch(unlessThere);

  await growing(db.schema.createTable('artifacts'))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('kind', WORD, (c) => c.notNull())
    .addColumn('side', WORD, (c) => c.notNull())
    .addColumn('role', NAME, (c) => c.notNull())
    .addColumn('live_role', NAME)
    .addColumn('status', WORD, (c) => c.notNull())
    .addColumn('external_id', NAME)
    .addColumn('name', dialect.text)
    .addColumn('data', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('artifacts_live_role', ['migration_id', 'live_role'])
    .execute()
    .catch(unlessThere);

  await db.schema
    .createTable('disks')
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('disk_key', WORD, (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addColumn('data', dialect.text, (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('disks_key', ['migration_id', 'disk_key'])
    .execute()
    .catch(unlessThere);

  await db.schema
    .createTable('passes')
    .addColumn('migration_id', ID, (c) => c.notNull())
    .addColumn('disk_key', WORD, (c) => c.notNull())
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('kind', WORD, (c) => c.notNull())
    .addColumn('transport', WORD, (c) => c.notNull())
    .addColumn('capacity_bytes', 'bigint', (c) => c.notNull())
    .addColumn('bytes_read', 'bigint', (c) => c.notNull())
    .addColumn('bytes_written', 'bigint', (c) => c.notNull())
    .addColumn('change_id', NAME)
    .addColumn('tracking_uuid', NAME)
    .addColumn('snapshot_ref', NAME)
    .addColumn('manifest', dialect.text)
    .addColumn('verification', dialect.text)
    .addColumn('started_at', WORD, (c) => c.notNull())
    .addColumn('finished_at', WORD)
    .addPrimaryKeyConstraint('passes_key', ['migration_id', 'disk_key', 'number'])
    .execute()
    .catch(unlessThere);

  await growing(db.schema.createTable('operations'))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('kind', WORD, (c) => c.notNull())
    .addColumn('subject_id', ID, (c) => c.notNull())
    .addColumn('status', WORD, (c) => c.notNull())
    .addColumn('input', dialect.text, (c) => c.notNull())
    .addColumn('progress', dialect.text)
    .addColumn('result', dialect.text)
    .addColumn('error', dialect.text)
    .addColumn('worker_id', ID)
    .addColumn('epoch', 'integer', (c) => c.notNull())
    .addColumn('lease_until', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
    .catch(unlessThere);
  await index(db, unlessThere, 'operations', ['status', 'sequence']);
  await index(db, unlessThere, 'operations', ['subject_id']);

  await db.schema
    .createTable('services')
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('binary_name', WORD, (c) => c.notNull())
    .addColumn('host', NAME, (c) => c.notNull())
    .addColumn('version', WORD, (c) => c.notNull())
    .addColumn('disabled', 'integer', (c) => c.notNull())
    .addColumn('disabled_reason', dialect.text)
    .addColumn('heartbeat_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('slots', 'integer', (c) => c.notNull())
    .addColumn('drivers', dialect.text, (c) => c.notNull())
    .execute()
    .catch(unlessThere);

  await growing(db.schema.createTable('events'))
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('resource', WORD, (c) => c.notNull())
    .addColumn('resource_id', ID, (c) => c.notNull())
    .addColumn('type', ID, (c) => c.notNull())
    .addColumn('severity', WORD, (c) => c.notNull())
    .addColumn('message', dialect.text, (c) => c.notNull())
    .addColumn('data', dialect.text, (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .execute()
    .catch(unlessThere);
  await index(db, unlessThere, 'events', ['resource_id', 'sequence']);
  await index(db, unlessThere, 'events', ['project_id', 'sequence']);

  await growing(db.schema.createTable('audit'))
    .addColumn('id', ID, (c) => c.notNull().unique())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('project_id', ID, (c) => c.notNull())
    .addColumn('user_id', ID)
    .addColumn('request_id', ID, (c) => c.notNull())
    .addColumn('action', ID, (c) => c.notNull())
    .addColumn('resource_id', ID)
    .addColumn('data', dialect.text, (c) => c.notNull())
    .execute()
    .catch(unlessThere);
  await index(db, unlessThere, 'audit', ['project_id', 'sequence']);
}

async function index(
  db: Kysely<unknown>,
  unlessThere: (error: unknown) => void,
  table: string,
  columns: string[],
): Promise<void> {
  await db.schema
    .createIndex(`${table}_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute()
    .catch(unlessThere);
}
