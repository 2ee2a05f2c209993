import {
  GutsError,
  type InventoryKind,
  type InventoryObject,
  type InventoryRow,
  type InventoryStore,
  type OperationLease,
} from '@guts/core';
import { sql } from 'kysely';
import { iso, json, likePattern, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
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

    async finishInventory(sourceId, under) {
      await context.write(async (trx) => {
        await fence(trx, under);
        await trx
          .deleteFrom('inventory')
          .where('source_id', '=', sourceId)
          .where('generation', '<>', generationOf(under))
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
