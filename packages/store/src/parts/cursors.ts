import type { CursorStore } from '@guts/core';
import type { StoreContext } from '../context.ts';

export function cursorStore(context: StoreContext): CursorStore {
  const { db, dialect } = context;
  const there = (name: string) =>
    db.selectFrom('cursors').selectAll().where('name', '=', name).executeTakeFirst();
  return {
    async holdCursor(name, owner, seconds) {
      if (!(await there(name))) {
        try {
          await context.write(async (trx) => {
            const { newest } = await trx
              .selectFrom('events')
              .select((eb) => eb.fn.max<number | null>('sequence').as('newest'))
              .executeTakeFirstOrThrow();
            const row = { name, sequence: newest ?? 0, held_by: null, held_until: null };
            await trx.insertInto('cursors').values(row).execute();
          });
        } catch (error) {
          // Two came at once, and the other one was first.
          if (!dialect.isUniqueViolation(error)) throw error;
        }
      }
      const held = await context.write((trx) =>
        trx
          .updateTable('cursors')
          .set({ held_by: owner, held_until: context.inSeconds(seconds) })
          .where('name', '=', name)
          .where((eb) =>
            eb.or([eb('held_by', 'is', null), eb('held_by', '=', owner), eb('held_until', '<', dialect.now)]),
          )
          .executeTakeFirst(),
      );
      if (held.numUpdatedRows !== 1n) return null;
      const row = await there(name);
      return row?.held_by === owner ? row.sequence : null;
    },

    async moveCursor(name, owner, sequence) {
      const { numUpdatedRows } = await context.write((trx) =>
        trx
          .updateTable('cursors')
          .set({ sequence })
          .where('name', '=', name)
          .where('held_by', '=', owner)
          .executeTakeFirst(),
      );
      return numUpdatedRows === 1n;
    },

    async releaseCursor(name, owner) {
      await context.write((trx) =>
        trx
          .updateTable('cursors')
          .set({ held_by: null, held_until: null })
          .where('name', '=', name)
          .where('held_by', '=', owner)
          .execute(),
      );
    },
  };
}
