import { GutsError, mayMove, type MigrationStore, type Status, STATUS_RULES } from '@guts/core';
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { jsonOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { Tables } from '../schema/tables.ts';
import { toMigration } from './migration-record.ts';

type Part = Pick<
  MigrationStore,
  'listWaiting' | 'listHolding' | 'reserve' | 'listReserved' | 'acquireLease' | 'renewLease' | 'finishLease'
>;

/** These keep their status whatever happens to the worker: the undo is queued again. */
const UNDO_STATUSES: readonly Status[] = ['cancelling', 'reverting'];

export function leaseStore(context: StoreContext): Part {
  const { db, dialect } = context;

  /** Nobody runs it and nobody is promised it. */
  const free = (eb: ExpressionBuilder<Tables, 'migrations'>): Expression<SqlBool> =>
    eb.and([
      eb.or([eb('reserved_until', 'is', null), eb('reserved_until', '<', dialect.now)]),
      eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', dialect.now)]),
      eb('status', 'in', ['queued', 'scheduled', 'running', ...UNDO_STATUSES]),
    ]);
  const read = async (trx: Trx, id: string) =>
    toMigration(
      await trx.selectFrom('migrations').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    );

  return {
    async listWaiting(limit) {
      const rows = await db
        .selectFrom('migrations')
        .selectAll()
        .where(free)
        .orderBy('priority', 'desc')
        .orderBy('sequence')
        .limit(limit)
        .execute();
      return rows.map(toMigration);
    },

    async listHolding() {
      const rows = await db
        .selectFrom('migrations')
        .selectAll()
        .where((eb) => eb.or([eb('reserved_until', '>=', dialect.now), eb('lease_until', '>=', dialect.now)]))
        .execute();
      return rows.map(toMigration);
    },

    reserve(id, workerId, seconds, event) {
      return context.write(async (trx) => {
        const row = await trx
          .selectFrom('migrations')
          .select('status')
          .where('id', '=', id)
          .executeTakeFirst();
        if (!row) return null;
        const undoing = UNDO_STATUSES.includes(row.status as Status);
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({
            // A running one whose lease passed goes back to the queue and out of it in one move.
            status: undoing ? row.status : 'scheduled',
            reason: event.message,
            reserved_worker_id: workerId,
            reserved_until: context.inSeconds(seconds),
            worker_id: null,
            lease_until: null,
            updated_at: dialect.now,
          })
          .where('id', '=', id)
          .where('status', '=', row.status)
          .where(free)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        await context.addEvent(trx, event);
        return read(trx, id);
      });
    },

    async listReserved(workerId) {
      const rows = await db
        .selectFrom('migrations')
        .selectAll()
        .where('reserved_worker_id', '=', workerId)
        .where('reserved_until', '>=', dialect.now)
        .orderBy('sequence')
        .execute();
      return rows.map(toMigration);
    },

    acquireLease(id, workerId, seconds) {
      return context.write(async (trx) => {
        const now = await context.now(trx);
        const row = await trx.selectFrom('migrations').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row || row.reserved_worker_id !== workerId || (row.reserved_until ?? 0) < now) return null;
        const epoch = row.epoch + 1;
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({
            status: UNDO_STATUSES.includes(row.status as Status) ? row.status : 'running',
            reason: null,
            reserved_worker_id: null,
            reserved_until: null,
            worker_id: workerId,
            epoch,
            lease_until: context.inSeconds(seconds),
            updated_at: now,
            started_at: row.started_at ?? now,
            finished_at: null,
          })
          .where('id', '=', id)
          .where('epoch', '=', row.epoch)
          .where('reserved_worker_id', '=', workerId)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        return { lease: { migrationId: id, workerId, epoch, seconds }, migration: await read(trx, id) };
      });
    },

    renewLease(lease) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({ lease_until: context.inSeconds(lease.seconds) })
          .where('id', '=', lease.migrationId)
          .where('worker_id', '=', lease.workerId)
          .where('epoch', '=', lease.epoch)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return { held: false, cancelRequested: false };
        const row = await trx
          .selectFrom('migrations')
          .select('cancel_requested')
          .where('id', '=', lease.migrationId)
          .executeTakeFirstOrThrow();
        return { held: true, cancelRequested: row.cancel_requested === 1 };
      });
    },

    finishLease(lease, change, event) {
      return context.journal(lease, event, async (trx) => {
        const row = await trx
          .selectFrom('migrations')
          .selectAll()
          .where('id', '=', lease.migrationId)
          .executeTakeFirstOrThrow();
        if (!mayMove(row.status as Status, change.status))
          throw new GutsError('internal', `no migration moves from ${row.status} to ${change.status}`);
        const left = await trx
          .selectFrom('artifacts')
          .select('id')
          .where('migration_id', '=', lease.migrationId)
          .where('status', 'in', ['intended', 'created'])
          .executeTakeFirst();
        const ended = STATUS_RULES[change.status].holds === 'none' && change.status !== 'queued';
        const frees = STATUS_RULES[change.status].final || (change.status === 'failed' && !left);
        await trx
          .updateTable('migrations')
          .set({
            status: change.status,
            phase: change.phase,
            step: null,
            reason: change.reason,
            error: jsonOrNull(change.error),
            cancel_requested: ended ? 0 : row.cancel_requested,
            reserved_worker_id: null,
            reserved_until: null,
            worker_id: null,
            lease_until: null,
            instance_claim: frees ? null : row.instance_claim,
            finished_at: ended ? dialect.now : null,
          })
          .where('id', '=', lease.migrationId)
          .execute();
        return read(trx, lease.migrationId);
      });
    },
  };
}
