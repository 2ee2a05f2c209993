import { INVENTORY_SORT_KEYS, MIGRATION_SORT_KEYS, OPERATION_SORT_KEYS } from '@guts/core';
import { type CompiledQuery, Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase, storeOn } from '../src/open.ts';
import type { Tables } from '../src/schema/tables.ts';
import { decision, disk, event, migration, reserve, ROUND, SCOPE } from './fixtures.ts';

/** Tables that grow with the work: reading one of them whole takes longer every day. (The outbox is emptied.) */
const GROWING =
  /^SCAN (inventory|inventory_facets|migrations|events|audit|artifacts|steps|operations|disks|passes|checkpoints|throughput)\b(?! USING)/;

/** `count` rows made by the database itself; `values` may use `n`, from 1. */
const many = (table: string, count: number, columns: string, values: string): string =>
  `insert into ${table} (${columns})
   with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count})
   select ${values} from numbers`;

const SORTING = /^USE TEMP B-TREE FOR ORDER BY/;
const NOW = Date.now();

test('nothing that is asked often reads a growing table whole', async () => {
  const asked: CompiledQuery[] = [];
  const { dialect, capabilities } = await openDatabase({ url: 'sqlite::memory:' });
  const db = new Kysely<Tables>({
    dialect,
    log: ({ query }) => void asked.push(query),
  });
  const store = storeOn(db, capabilities, 'memory');
  await store.upgrade();
  const fill = async (...all: Parameters<typeof many>): Promise<void> =>
    void (await sql.raw(many(...all)).execute(db));
  await fill(
    'inventory',
    10_000,
    'source_id, kind, ref, name, search, data, generation, updated_at',
    `'s1', 'instance', 'vm-' || n, 'name ' || n, 'name', '{}', 'g', 1`,
  );
  // As after a while: most have ended, 500 wait.
  const status = `case when n % 20 = 0 then 'queued' else 'completed' end`;
  await fill(
    'migrations',
    10_000,
    `id, project_id, name, source_id, destination_id, instance_ref, instance_name, mode, purpose, priority, spec,
     status, cancel_requested, epoch, created_at, updated_at, queued_at`,
    `'old-' || n, 'p1', 'm', 's1', 'd1', 'vm-' || n, 'm', 'cold', 'production', 0, '{}', ${status}, 0, 0, ${NOW},
     ${NOW}, ${NOW}`,
  );
  await fill(
    'events',
    100_000,
    'project_id, resource, resource_id, type, severity, message, data, at',
    `'p1', 'migration', 'old-' || (n % 10000), 't', 'information', 'm', '{}', ${NOW}`,
  );
  await fill(
    'artifacts',
    30_000,
    'id, migration_id, kind, side, role, live_role, status, data, created_at, updated_at',
    `'a' || n, 'old-' || (n % 10000), 'volume', 'destination', 'r' || n, null, 'removed', '{}', 1, 1`,
  );
  await fill(
    'inventory_facets',
    10_000,
    'source_id, facet, value, ref',
    `'s1', 'host', 'host-' || (n % 50), 'vm-' || n`,
  );
  await fill(
    'operations',
    10_000,
    'id, project_id, kind, subject_id, status, input, epoch, created_at, updated_at',
    `'op-' || n, 'p1', 'source.validate', 's-' || (n % 20), 'done', '{}', 1, ${NOW}, ${NOW} + n`,
  );
  await fill(
    'throughput',
    50_000,
    'migration_id, at, project_id, bytes',
    `'old-' || (n % 100), ${NOW} - n * 20000, 'p' || (n % 3), 1`,
  );
  await store.createMigration(migration('m1'), event('m1'));

  asked.length = 0;
  for (const descending of [false, true]) {
    for (const key of MIGRATION_SORT_KEYS)
      await store.listMigrations(SCOPE, { limit: 100, marker: 'old-5000', sort: { key, descending } });
    for (const key of OPERATION_SORT_KEYS)
      await store.listOperations(SCOPE, { limit: 100, marker: 'op-5000', sort: { key, descending } });
    for (const key of INVENTORY_SORT_KEYS)
      await store.listInventory('s1', 'instance', {
        limit: 100,
        marker: 'vm-5000',
        sort: { key, descending },
      });
    for (const host of ['host-1', 'host-none'])
      await store.listInventory('s1', 'instance', { limit: 100, marker: 'vm-5000', where: { host } });
    await store.listAudit(SCOPE, { limit: 100, sort: { key: 'created_at', descending } });
  }
  await store.listMigrations(SCOPE, { limit: 100, instance: 'vm-77' });
  await store.listAudit(SCOPE, { limit: 100, resourceId: 'r' });
  await store.listOperations(SCOPE, { limit: 100, subjectId: 's-1' });
  await store.takeKey({ projectId: 'p1', userId: null, key: 'k' }, { baseId: 'b', sealedDigest: '' }, 60);
  await store.listInventory('s1', 'instance', { limit: 100 });
  await store.listInventory('s1', 'instance', { limit: 100, marker: 'vm-9' });
  await store.listInventory('s1', 'instance', { limit: 100, name: 'name 7' });
  const page = await store.listMigrations(SCOPE, { limit: 100 });
  await store.listMigrations(SCOPE, { limit: 100, marker: page[99]?.id ?? '' });
  await store.listEvents(SCOPE, { after: 99_000, limit: 100 });
  await store.listEvents(SCOPE, { after: 0, limit: 100, newest: true });
  await store.listEvents(SCOPE, { after: 0, limit: 100, resourceId: 'old-7' });
  await store.listArtifacts('old-7');
  await store.scheduleRound(ROUND, ({ waiting }) => waiting.map((work) => decision(work, null)));
  await reserve(store, 'm1', 'w1');
  const held = await store.acquireLease('m1', 'w1', 60);
  if (!held) throw new Error('nothing was reserved');
  await store.renewLease(held.lease);
  await store.putDisks(held.lease, [disk('m1', { bytesRead: 1 })]);
  await store.putDisks(held.lease, [disk('m1', { bytesRead: 2 })]);
  const hours = { since: NOW - 8 * 3_600_000, until: NOW, pieceMs: 80_000 };
  await store.listThroughput(SCOPE, hours);
  await store.listThroughput({ projectId: null }, hours);
  await store.listThroughput(SCOPE, { ...hours, since: 0, migrationId: 'old-7' });
  await store.countWork(SCOPE);
  await store.releaseLease(held.lease, 'test', event('m1'));
  await store.claimOperation('w1', 60);
  const messages = await store.claimOutbox('relay', 30, 100);
  await store.settleOutbox(messages.map((one) => one.id));
  await store.outboxState();

  // A page of a list is read from an index in its order, never sorted.
  const sorted = /^select .* from .(migrations|operations|inventory|audit). where .* order by .* limit/;
  const scans = new Set<string>();
  for (const query of asked) {
    if (!/^\s*(select|update|delete|with)/i.test(query.sql)) continue;
    const plan = await db.executeQuery<{ detail: string }>({
      ...query,
      sql: `explain query plan ${query.sql}`,
      query: sql`select 1`.toOperationNode() as never,
    });
    for (const { detail } of plan.rows)
      if (GROWING.test(detail) || (sorted.test(query.sql) && SORTING.test(detail)))
        scans.add(`${detail}: ${query.sql}`);
  }
  expect([...scans]).toEqual([]);
  expect(asked.length).toBeGreaterThan(20);
  await db.destroy();
});
