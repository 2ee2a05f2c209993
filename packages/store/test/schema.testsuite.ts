import { Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { openStore } from '../src/index.ts';
import { openDatabase } from '../src/open.ts';
import { applyChanges, CHANGES } from '../src/schema/upgrade.ts';
import type { Tables } from '../src/schema/tables.ts';
import { type DumpedTable, dumpSchema, dumpText } from './schema-dump.ts';

/** What the schema of the first release held; a row of each kind that a later version must still read. */
const FIRST_RELEASE = {
  endpoints: {
    id: 'e1',
    project_id: 'p1',
    side: 'source',
    name: 'vc',
    driver: 'vsphere',
    settings: '{"url":"https://vc"}',
    sealed_secret: 'sealed',
    status: 'valid',
    created_at: 1,
    updated_at: 1,
  },
  migrations: {
    id: 'm1',
    project_id: 'p1',
    name: 'web',
    source_id: 'e1',
    destination_id: 'd1',
    instance_ref: 'vm-1',
    instance_name: 'web',
    instance_claim: 'e1/vm-1',
    mode: 'cold',
    purpose: 'migrate',
    priority: 0,
    spec: '{}',
    status: 'queued',
    cancel_requested: 0,
    epoch: 3,
    created_at: 1,
    updated_at: 1,
  },
  artifacts: {
    id: 'a1',
    migration_id: 'm1',
    kind: 'volume',
    side: 'destination',
    role: 'disk:0',
    live_role: 'disk:0',
    status: 'created',
    external_id: 'v-1',
    data: '{}',
    created_at: 1,
    updated_at: 1,
  },
  inventory: {
    source_id: 'e1',
    kind: 'instance',
    ref: 'vm-1',
    name: 'Web',
    search: 'web',
    data: JSON.stringify({
      ref: 'vm-1',
      name: 'Web',
      path: 'DC/vm/Web',
      hostRef: 'host-1',
      disks: [],
      nics: [],
    }),
    generation: 'g',
    updated_at: 1,
  },
  services: {
    id: 'w1',
    binary_name: 'guts-migration',
    host: 'h',
    version: '0.1.0',
    disabled: 0,
    slots: 4,
    drivers: '[]',
    started_at: 1,
    heartbeat_at: 1,
  },
} as const;

/**
 * The schema as the database tells it, change by change. `npx vitest -u` writes a new change's dump; that of a
 * published one must never differ.
 * @param fresh the URL of an empty database
 * @param dumps folder of the dumps
 */
export function schemaSuite(fresh: () => Promise<string>, dumps: string): void {
  async function each(look: (index: number, tables: readonly DumpedTable[]) => Promise<void> | void) {
    const { dialect, capabilities } = await openDatabase({ url: await fresh() });
    const db = new Kysely<Tables>({ dialect });
    try {
      for (const index of CHANGES.keys()) {
        await applyChanges(db, capabilities, index + 1);
        await look(index, await dumpSchema(db as unknown as Kysely<unknown>, capabilities));
      }
    } finally {
      await db.destroy();
    }
  }

  test('is what the dump of each published change says', async () => {
    await each((index, tables) =>
      expect(dumpText(tables)).toMatchFileSnapshot(`${dumps}-${CHANGES[index]?.name.slice(0, 4) ?? ''}.txt`),
    );
    expect.assertions(CHANGES.length);
  });

  test('only grows, so that older daemons go on: nothing goes or changes its type, what comes may be left out', async () => {
    let before: readonly DumpedTable[] = [];
    const broken: string[] = [];
    await each((_, tables) => {
      for (const old of before) {
        const now = tables.find((one) => one.name === old.name);
        for (const column of old.columns) {
          const same = now?.columns.find((one) => one.name === column.name);
          if (same?.type !== column.type || (column.optional && !same.optional))
            broken.push(`${old.name}.${column.name} is not what it was`);
        }
        for (const column of now?.columns ?? [])
          if (!old.columns.some((one) => one.name === column.name) && !column.optional)
            broken.push(`${old.name}.${column.name} is new and must be written`);
        for (const index of now?.indexes ?? [])
          if (index.startsWith('unique') && !old.indexes.includes(index))
            broken.push(`${old.name}: ${index} is new and forbids what was allowed`);
      }
      before = tables;
    });
    expect(broken).toEqual([]);
    expect(before.length).toBeGreaterThan(10);
  });

  test('of the first release, with what it wrote, is brought up with nothing lost, twice as well as once', async () => {
    const url = await fresh();
    const { dialect, capabilities } = await openDatabase({ url });
    const old = new Kysely<Record<string, unknown>>({ dialect });
    await applyChanges(old, capabilities, 1);
    for (const [table, row] of Object.entries(FIRST_RELEASE))
      await old.insertInto(table).values(row).execute();
    const store = await openStore({ url });
    expect(await store.check()).toMatchObject({
      current: false,
      pending: CHANGES.slice(1).map((one) => one.name),
    });
    await store.upgrade();
    expect(await store.upgrade()).toEqual({ applied: [] });
    expect(await store.getMigration('m1', { projectId: 'p1' })).toMatchObject({
      name: 'web',
      status: 'queued',
      epoch: 3,
      request: null,
    });
    expect(await store.listArtifacts('m1')).toMatchObject([{ id: 'a1', externalId: 'v-1' }]);
    const [found] = await store.listInventory('e1', 'instance', {
      limit: 9,
      name: 'Web',
      where: { host: 'HOST-1', folder: 'dc/vm' },
      sort: { key: 'name', descending: false },
    });
    expect(found).toMatchObject({ ref: 'vm-1', name: 'Web' });
    expect(await store.listServices(30)).toMatchObject([{ id: 'w1', draining: false, scratchBytes: null }]);
    // A daemon of the first release that still runs writes as it always did.
    await old
      .insertInto('migrations')
      .values({
        ...FIRST_RELEASE.migrations,
        id: 'm2',
        instance_ref: 'vm-2',
        instance_claim: 'e1/vm-2',
      })
      .execute();
    expect(await store.getMigration('m2', { projectId: 'p1' })).toMatchObject({ status: 'queued' });
    await old.destroy();
    await store.close();
  });
}
