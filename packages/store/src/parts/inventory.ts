import type { InventoryKind, InventoryObject, InventoryRow, InventoryStore } from '@guts/core';
import { sql } from 'kysely';
import { iso, json, likePattern, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { InventoryTableRow } from '../schema/tables.ts';

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

export function inventoryStore(context: StoreContext): InventoryStore {
  const { db } = context;
  return {
    putInventory(sourceId, generation, objects) {
      return context.write(async (trx) => {
        const now = await context.now(trx);
        for (const { kind, data } of objects) {
          const values = {
            name: data.name,
            search: `${data.name}\n${'path' in data ? data.path : ''}`.toLowerCase(),
            data: json(data),
            generation,
            updated_at: now,
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
      });
    },

    async finishInventory(sourceId, generation) {
      await context.write((trx) =>
        trx
          .deleteFrom('inventory')
          .where('source_id', '=', sourceId)
          .where('generation', '<>', generation)
          .execute(),
      );
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
      const rows = await db
        .selectFrom('inventory')
        .selectAll()
        .where('source_id', '=', sourceId)
        .where('kind', '=', kind)
        .$if(query.name !== undefined, (q) => q.where('name', '=', query.name ?? ''))
        .$if(query.search !== undefined, (q) =>
          q.where(sql<boolean>`search like ${likePattern(query.search ?? '')} escape '!'`),
        )
        .$if(query.marker !== undefined, (q) => q.where('ref', '>', query.marker ?? ''))
        .orderBy('ref')
        .limit(query.limit)
        .execute();
      return rows.map(toRow);
    },
  };
}
