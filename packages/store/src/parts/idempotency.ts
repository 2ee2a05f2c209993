import type { IdempotencyStore, KeyedRequest, KeyOwner } from '@guts/core';
import type { Selectable } from 'kysely';
import { json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { IdempotencyKeyRow } from '../schema/tables.ts';

/** Milliseconds. */
const KEPT = 24 * 60 * 60 * 1000;

function toRequest(
  row: Selectable<IdempotencyKeyRow>,
  mine: Pick<KeyedRequest, 'taken' | 'resumed'>,
): KeyedRequest {
  const { status, answer } = row;
  return {
    ...mine,
    baseId: row.base_id,
    sealedDigest: row.sealed_digest,
    answer: status === null ? null : { status, body: parse(answer ?? 'null') },
  };
}

export function idempotencyStore(context: StoreContext): IdempotencyStore {
  const { dialect } = context;
  const find = (trx: Trx, { projectId, userId, key }: KeyOwner) =>
    trx
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('project_id', '=', projectId)
      .where('user_id', '=', userId ?? '')
      .where('client_key', '=', key)
      .executeTakeFirst();
  const update = (trx: Trx, { projectId, userId, key }: KeyOwner) =>
    trx
      .updateTable('idempotency_keys')
      .where('project_id', '=', projectId)
      .where('user_id', '=', userId ?? '')
      .where('client_key', '=', key);

  return {
    async takeKey(owner, { baseId, sealedDigest }, patienceSeconds) {
      const take = async (trx: Trx): Promise<KeyedRequest> => {
        const now = await context.now(trx);
        await trx
          .deleteFrom('idempotency_keys')
          .where('created_at', '<', now - KEPT)
          .execute();
        const there = await find(trx, owner);
        if (!there) {
          const { projectId, userId, key } = owner;
          const row = {
            project_id: projectId,
            user_id: userId ?? '',
            client_key: key,
            base_id: baseId,
            sealed_digest: sealedDigest,
            status: null,
            answer: null,
            created_at: now,
            taken_at: now,
          };
          await trx.insertInto('idempotency_keys').values(row).execute();
          return toRequest(row, { taken: true, resumed: false });
        }
        // Of two that come back at once, one takes it over.
        const { numUpdatedRows } = await update(trx, owner)
          .set({ taken_at: now })
          .where('status', 'is', null)
          .where('taken_at', '<', now - patienceSeconds * 1000)
          .executeTakeFirst();
        const resumed = numUpdatedRows === 1n;
        return toRequest(there, { taken: resumed, resumed });
      };
      try {
        return await context.write(take);
      } catch (error) {
        // Two came at once, and the other one was first: now it is there.
        if (!dialect.isUniqueViolation(error)) throw error;
        return context.write(take);
      }
    },

    async answerKey(owner, { status, body }) {
      await context.write((trx) =>
        update(trx, owner)
          .set({ status, answer: json(body) })
          .execute(),
      );
    },

    async dropKey(owner, forget) {
      await context.write(async (trx) => {
        if (!forget) {
          await update(trx, owner).set({ taken_at: 0 }).where('status', 'is', null).execute();
          return;
        }
        await trx
          .deleteFrom('idempotency_keys')
          .where('project_id', '=', owner.projectId)
          .where('user_id', '=', owner.userId ?? '')
          .where('client_key', '=', owner.key)
          .where('status', 'is', null)
          .execute();
      });
    },
  };
}
