import type { SealedRow, SealedStore } from '@guts/core';
import { sql } from 'kysely';
import type { StoreContext } from '../context.ts';

export function sealedStore(context: StoreContext): SealedStore {
  const { db } = context;
  const otherwise = (column: string, beginning: string) =>
    sql<boolean>`substr(${sql.ref(column)}, 1, ${beginning.length}) <> ${beginning}`;
  return {
    async listSealed(table, { notBeginning = '', after, limit }) {
      const [first = '', second = '', third = ''] = after ?? [];
      if (table === 'endpoints') {
        const rows = await db
          .selectFrom('endpoints')
          .select(['id', 'side', 'name', 'sealed_secret'])
          .$if(notBeginning !== '', (q) => q.where(otherwise('sealed_secret', notBeginning)))
          .$if(after !== null, (q) => q.where('id', '>', first))
          .orderBy('id')
          .limit(limit)
          .execute();
        return rows.map((row): SealedRow => ({
          table,
          key: [row.id],
          context: `${row.side}:${row.id}`,
          name: `${row.side} "${row.name}" (${row.id})`,
          sealed: row.sealed_secret,
        }));
      }
      const rows = await db
        .selectFrom('idempotency_keys')
        .select(['project_id', 'user_id', 'client_key', 'sealed_digest'])
        .$if(notBeginning !== '', (q) => q.where(otherwise('sealed_digest', notBeginning)))
        .$if(after !== null, (q) =>
          q.where(sql<boolean>`(project_id, user_id, client_key) > (${first}, ${second}, ${third})`),
        )
        .orderBy('project_id')
        .orderBy('user_id')
        .orderBy('client_key')
        .limit(limit)
        .execute();
      return rows.map((row): SealedRow => ({
        table,
        key: [row.project_id, row.user_id, row.client_key],
        context: `idempotency:${row.project_id}`,
        name: `a request that was repeatable in project ${row.project_id}`,
        sealed: row.sealed_digest,
      }));
    },

    replaceSealed({ table, key, sealed: before }, sealed) {
      const [first = '', second = '', third = ''] = key;
      return context.write(async (trx) => {
        const { numUpdatedRows } =
          table === 'endpoints'
            ? await trx
                .updateTable('endpoints')
                .set({ sealed_secret: sealed })
                .where('id', '=', first)
                .where('sealed_secret', '=', before)
                .executeTakeFirst()
            : await trx
                .updateTable('idempotency_keys')
                .set({ sealed_digest: sealed })
                .where('project_id', '=', first)
                .where('user_id', '=', second)
                .where('client_key', '=', third)
                .where('sealed_digest', '=', before)
                .executeTakeFirst();
        return numUpdatedRows === 1n;
      });
    },
  };
}
