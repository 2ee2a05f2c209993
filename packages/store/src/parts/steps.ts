import {
  GutsError,
  type JournalStore,
  mayMove,
  type Status,
  type StepName,
  type StepRecord,
  type StepStatus,
} from '@guts/core';
import type { Selectable } from 'kysely';
import { iso, isoOrNull, jsonOrNull, parseOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { StepRow } from '../schema/tables.ts';
import { refuseCancelled } from './migration-record.ts';

type Part = Pick<JournalStore, 'setPosition' | 'beginStep' | 'finishStep' | 'listSteps' | 'addEvent'>;

function toStep(row: Selectable<StepRow>): StepRecord {
  return {
    migrationId: row.migration_id,
    step: row.step as StepName,
    attempt: row.attempt,
    status: row.status as StepStatus,
    epoch: row.epoch,
    output: parseOrNull(row.output),
    error: parseOrNull(row.error),
    note: row.note,
    startedAt: iso(row.started_at),
    finishedAt: isoOrNull(row.finished_at),
  };
}

export function stepStore(context: StoreContext): Part {
  const { dialect } = context;
  return {
    setPosition(lease, status, phase, step, event) {
      return context.journal(lease, event, async (trx) => {
        const row = await trx
          .selectFrom('migrations')
          .select(['status', 'cancel_requested'])
          .where('id', '=', lease.migrationId)
          .executeTakeFirstOrThrow();
        if (status === 'committing' && row.status === 'running') refuseCancelled(row);
        if (row.status !== status && !mayMove(row.status as Status, status))
          throw new GutsError('internal', `no migration moves from ${row.status} to ${status}`);
        await trx
          .updateTable('migrations')
          .set({ status, phase, step })
          .where('id', '=', lease.migrationId)
          .execute();
      });
    },

    beginStep(lease, step, event) {
      return context.journal(lease, event, async (trx) => {
        // Whoever left it running died: only the current lease writes here.
        await trx
          .updateTable('steps')
          .set({ status: 'failed', note: 'the worker that ran it died', finished_at: dialect.now })
          .where('migration_id', '=', lease.migrationId)
          .where('status', '=', 'running')
          .where('epoch', '<', lease.epoch)
          .execute();
        const last = await trx
          .selectFrom('steps')
          .select((eb) => eb.fn.max('attempt').as('attempt'))
          .where('migration_id', '=', lease.migrationId)
          .where('step', '=', step)
          .executeTakeFirst();
        const attempt = (last?.attempt ?? 0) + 1;
        const started = await context.now(trx);
        const row = {
          migration_id: lease.migrationId,
          step,
          attempt,
          status: 'running',
          epoch: lease.epoch,
          output: null,
          error: null,
          note: null,
          started_at: started,
          finished_at: null,
        };
        await trx.insertInto('steps').values(row).execute();
        return toStep({ ...row, sequence: 0 });
      });
    },

    finishStep(lease, step, attempt, result, event) {
      return context.journal(lease, event, async (trx) => {
        await trx
          .updateTable('steps')
          .set({
            status: result.status,
            output: jsonOrNull(result.output),
            error: jsonOrNull(result.error),
            note: result.note ?? null,
            finished_at: dialect.now,
          })
          .where('migration_id', '=', lease.migrationId)
          .where('step', '=', step)
          .where('attempt', '=', attempt)
          .execute();
      });
    },

    async listSteps(migrationId) {
      const rows = await context.db
        .selectFrom('steps')
        .selectAll()
        .where('migration_id', '=', migrationId)
        .orderBy('sequence')
        .execute();
      return rows.map(toStep);
    },

    addEvent: (lease, event) => context.journal(lease, event, () => Promise.resolve()),
  };
}
