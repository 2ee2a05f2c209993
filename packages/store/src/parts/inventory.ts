import {
  GutsError,
  type InventoryKind,
  type InventoryObject,
  type InventoryRow,
  type InventoryStore,
  type OperationLease,
} from '@guts/core';
import { type RawBuilder, sql } from 'kysely';
import { iso, json, likePattern, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { InventoryTableRow } from '../schema/tables.ts';
import { facetsOf, facetValue, nameKey } from './inventory-keys.ts';
import { readPage } from './pages.ts';

/** Instances whose facets are written in one statement: databases bound how many values one has. */
const FACETS_AT_ONCE = 25;

function toRow(row: InventoryTableRow): InventoryRow {
  return {
    sourceId: row.source_id,
    kind: row.kind as InventoryKind,
    ref: row.ref,
    name: row.name,
    data: parse<InventoryObject['data']>(row.data),
    updatedAt: iso(row.updated_at),
  };
}

/** What the instances among the objects are found by, instead of what they were found by. */
async function putFacets(trx: Trx, sourceId: string, objects: readonly InventoryObject[]): Promise<void> {
  const instances = objects.flatMap((object) => (object.kind === 'instance' ? [object.data] : []));
  for (let start = 0; start < instances.length; start += FACETS_AT_ONCE) {
    const some = instances.slice(start, start + FACETS_AT_ONCE);
    await trx
      .deleteFrom('inventory_facets')
      .where('source_id', '=', sourceId)
      .where(
        'ref',
        'in',
        some.map(({ ref }) => ref),
      )
      .execute();
    const rows = some.flatMap((instance) =>
      facetsOf(instance).map((one) => ({ source_id: sourceId, ref: instance.ref, ...one })),
    );
    if (rows.length > 0) await trx.insertInto('inventory_facets').values(rows).execute();
  }
}

export function inventoryStore(context: StoreContext): InventoryStore {
  const { db, dialect } = context;
  const generationOf = ({ operationId, epoch }: OperationLease): string => `${operationId}:${epoch}`;
  /** Holds the operation's row and proves that the refresh is still the caller's. */
  const fence = async (trx: Trx, { operationId, epoch }: OperationLease): Promise<void> => {
    const { numUpdatedRows } = await trx
      .updateTable('operations')
      .set({ updated_at: dialect.now })
      .where('id', '=', operationId)
      .where('epoch', '=', epoch)
      .where('status', '=', 'running')
      .executeTakeFirst();
    if (numUpdatedRows !== 1n)
      throw new GutsError('lease_lost', `lease ${epoch} of operation ${operationId} is lost`);
  };
  return {
    putInventory(sourceId, under, objects) {
      const generation = generationOf(under);
      return context.write(async (trx) => {
        await fence(trx, under);
        const now = await context.now(trx);
        for (const { kind, data } of objects) {
          const values = {
            name: data.name,
            search: `${data.name}\n${'path' in data ? data.path : ''}`.toLowerCase(),
            data: json(data),
            generation,
            updated_at: now,
            name_key: nameKey(data.name),
          };
          const { numUpdatedRows } = await trx
            .updateTable('inventory')
            .set(values)
            .where('source_id', '=', sourceId)
            .where('kind', '=', kind)
            .where('ref', '=', data.ref)
            .executeTakeFirst();
          if (numUpdatedRows === 0n)
            await trx
              .insertInto('inventory')
              .values({ source_id: sourceId, kind, ref: data.ref, ...values })
              .execute();
        }
        await putFacets(trx, sourceId, objects);
      });
    },

    async finishInventory(sourceId, under) {
      await context.write(async (trx) => {
        await fence(trx, under);
        await trx
          .deleteFrom('inventory')
          .where('source_id', '=', sourceId)
          .where('generation', '<>', generationOf(under))
          .execute();
        await trx
          .deleteFrom('inventory_facets')
          .where('source_id', '=', sourceId)
          .where((eb) =>
            eb(
              'ref',
              'not in',
              eb
                .selectFrom('inventory as i')
                .select('i.ref')
                .where('i.source_id', '=', sourceId)
                .where('i.kind', '=', 'instance'),
            ),
          )
          .execute();
        await trx
          .updateTable('endpoints')
          .set({ status: 'valid', status_reason: null, refreshed_at: dialect.now, updated_at: dialect.now })
          .where('id', '=', sourceId)
          .execute();
      });
    },

    async getInventory(sourceId, kind, ref) {
      const row = await db
        .selectFrom('inventory')
        .selectAll()
        .where('source_id', '=', sourceId)
        .where('kind', '=', kind)
        .where('ref', '=', ref)
        .executeTakeFirst();
      return row ? toRow(row) : null;
    },

    async listInventory(sourceId, kind, query) {
      const { marker, sort, name, where = {} } = query;
      const direction = sort?.descending ? 'desc' : 'asc';
      const column = sort?.key === 'name' ? 'name_key' : 'ref';
      const facets = Object.entries(where);
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
          .selectFrom('inventory')
          .selectAll()
          .where('source_id', '=', sourceId)
          .where('kind', '=', kind)
          .$if(name !== undefined, (q) => q.where('name', '=', name ?? ''))
          .$if(query.search !== undefined, (q) =>
            q.where(sql<boolean>`search like ${likePattern(query.search ?? '')} escape '!'`),
          )
          .$if(facets.length > 0, (q) =>
            q.where((eb) =>
              eb.and(
                facets.map(([facet, value]) =>
                  eb(
                    'ref',
                    'in',
                    eb
                      .selectFrom('inventory_facets as f')
                      .select('f.ref')
                      .where('f.source_id', '=', sourceId)
                      .where('f.facet', '=', facet)
                      .where('f.value', '=', facetValue(value)),
                  ),
                ),
              ),
            ),
          )
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy(column, direction)
          .$if(column !== 'ref', (q) => q.orderBy('ref', direction))
          .limit(limit)
          .execute();
      // By its ref a place in the list is known even when the marker is gone.
      const afterRef =
        marker === undefined
          ? null
          : sql<boolean>`ref ${sql.raw(direction === 'desc' ? '<' : '>')} ${marker}`;
      if (name !== undefined) {
        // What an older version wrote has no key.
        const all: InventoryTableRow[] = [];
        for (const key of [nameKey(name), '']) {
          const own = sql<boolean>`name_key = ${key}`;
          all.push(...(await read(afterRef ? sql<boolean>`${own} and ${afterRef}` : own, query.limit)));
        }
        const up = all.toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
        return (direction === 'desc' ? up.toReversed() : up).slice(0, query.limit).map(toRow);
      }
      if (column === 'ref') return (await read(afterRef, query.limit)).map(toRow);
      const own = sql<boolean>`source_id = ${sourceId} and kind = ${kind} and ref = ${marker}`;
      const list = { table: 'inventory', descending: direction === 'desc', limit: query.limit };
      const order = ['name_key', 'ref'] as const;
      const rows = await readPage(db, { ...list, order }, marker === undefined ? undefined : own, read);
      return rows.map(toRow);
    },
  };
}
