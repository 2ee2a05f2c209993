import type { BusMessage, OutboxStore, Topic } from '@guts/core';
import type { StoreContext } from '../context.ts';

export function outboxStore(context: StoreContext): OutboxStore {
  const { db, dialect } = context;
  return {
    async claimOutbox(owner, limit, seconds) {
      // Looked for first without the write lock: most of the time nothing waits.
      const waits = await db
        .selectFrom('outbox')
        .select('sequence')
        .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<', dialect.now)]))
        .orderBy('sequence')
        .limit(limit)
        .execute();
      if (waits.length === 0) return [];
      const wanted = waits.map((row) => row.sequence);
      return context.write(async (trx) => {
        await trx
          .updateTable('outbox')
          .set({ claimed_by: owner, claimed_until: context.inSeconds(seconds) })
          .where('sequence', 'in', wanted)
          .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<', dialect.now)]))
          .execute();
        const rows = await trx
          .selectFrom('outbox')
          .selectAll()
          .where('sequence', 'in', wanted)
          .where('claimed_by', '=', owner)
          .orderBy('sequence')
          .execute();
        return rows.map((row) => {
          const message: BusMessage = {
            topic: row.topic as Topic,
            id: row.about,
            ...(row.recipient === null ? {} : { to: row.recipient }),
          };
          return { id: row.sequence, message };
        });
      });
    },

    async settleOutbox(ids) {
      if (ids.length === 0) return;
      await context.write((trx) =>
        trx
          .deleteFrom('outbox')
          .where('sequence', 'in', [...ids])
          .execute(),
      );
    },

    async outboxState() {
      const row = await db
        .selectFrom('outbox')
        .select((eb) => [
          eb.fn.countAll<number | string>().as('pending'),
          eb.fn.min('created_at').as('oldest'),
        ])
        .executeTakeFirstOrThrow();
      const now = await context.now(db);
      return {
        pending: Number(row.pending),
        oldestSeconds: row.oldest === null ? null : Math.max(0, (now - row.oldest) / 1000),
      };
    },
  };
}
