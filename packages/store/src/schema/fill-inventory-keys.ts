import type { Instance } from '@guts/core';
import { type Kysely, sql } from 'kysely';
import { parse } from '../codec.ts';
import { facetsOf, nameKey } from '../parts/inventory-keys.ts';

const PAGE = 200;

interface Row {
  readonly source_id: string;
  readonly kind: string;
  readonly ref: string;
  readonly name: string;
  readonly data: string;
}

/** What was refreshed by an older version is sorted and found like what comes later. */
export async function fillInventoryKeys(db: Kysely<unknown>): Promise<void> {
  let after = { source_id: '', kind: '', ref: '' };
  for (;;) {
    const { rows } = await sql<Row>`select source_id, kind, ref, name, data from inventory
      where source_id > ${after.source_id} or (source_id = ${after.source_id} and
        (kind > ${after.kind} or (kind = ${after.kind} and ref > ${after.ref})))
      order by source_id, kind, ref limit ${sql.lit(PAGE)}`.execute(db);
    for (const { source_id: source, kind, ref, name, data } of rows) {
      await sql`update inventory set name_key = ${nameKey(name)}
        where source_id = ${source} and kind = ${kind} and ref = ${ref}`.execute(db);
      if (kind !== 'instance') continue;
      for (const { facet, value } of facetsOf(parse<Instance>(data)))
        await sql`insert into inventory_facets (source_id, facet, value, ref)
          values (${source}, ${facet}, ${value}, ${ref})`.execute(db);
    }
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last;
  }
}
