import type { JournalStore } from '@guts/core';
import { iso } from '../codec.ts';
import type { StoreContext } from '../context.ts';

type Part = Pick<JournalStore, 'putConsole' | 'getConsole'>;

export function consoleStore(context: StoreContext): Part {
  const { db, dialect } = context;
  return {
    putConsole(lease, { text, truncated }) {
      return context.journal(lease, undefined, async (trx) => {
        const { migrationId: migration_id } = lease;
        await trx.deleteFrom('consoles').where('migration_id', '=', migration_id).execute();
        const row = { migration_id, text, truncated: truncated ? 1 : 0, at: dialect.now };
        await trx.insertInto('consoles').values(row).execute();
      });
    },

    async getConsole(migrationId) {
      const row = await db
        .selectFrom('consoles')
        .selectAll()
        .where('migration_id', '=', migrationId)
        .executeTakeFirst();
      return row ? { text: row.text, truncated: row.truncated === 1, at: iso(row.at) } : null;
    },
  };
}
