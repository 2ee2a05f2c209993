import {
  GutsError,
  KEPT_STATUSES,
  mayMove,
  type MigrationStore,
  type Status,
  STATUS_RULES,
} from '@guts/core';
import { jsonOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import { readMigration, refuseCancelled, toMigration } from './migration-record.ts';
import { readServices } from './services.ts';
import { heldWork, queuedWork } from './work-rows.ts';

/** A worker that asks for a lease is alive, whatever its last heartbeat says. */
const ALIVE_SECONDS = 3600;

type Part = Pick<
  MigrationStore,
  'listReserved' | 'acquireLease' | 'renewLease' | 'releaseLease' | 'finishLease'
>;

export function leaseStore(context: StoreContext): Part {
  const { db, dialect } = context;

  type Recheck = NonNullable<Parameters<MigrationStore['acquireLease']>[3]>;

  /** Why there is no room for it any more. */
  const refusal = async (
    trx: Trx,
    id: string,
    workerId: string,
    recheck: Recheck,
  ): Promise<string | null> => {
    const services = await readServices(trx, await context.now(trx), ALIVE_SECONDS);
    const worker = services.find((one) => one.id === workerId);
    if (!worker) return 'its worker has never reported';
    return recheck(await queuedWork(trx, id), await heldWork(context, trx, id), worker);
  };

  /** It keeps its place: `queued_at` is when it began to wait at all. */
  const requeue = async (trx: Trx, id: string, status: Status, reason: string): Promise<void> => {
    await trx
      .updateTable('migrations')
      .set({
        status: KEPT_STATUSES.includes(status) ? status : 'queued',
        reason,
        reserved_worker_id: null,
        reserved_until: null,
        worker_id: null,
        lease_until: null,
        updated_at: dialect.now,
      })
      .where('id', '=', id)
      .execute();
  };

  return {
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

    acquireLease(id, workerId, seconds, recheck) {
      return context.write(async (trx) => {
        if (recheck) await context.lock(trx, 'scheduling');
        const now = await context.now(trx);
        const row = await trx.selectFrom('migrations').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row || row.reserved_worker_id !== workerId || (row.reserved_until ?? 0) < now) return null;
        const reason = recheck ? await refusal(trx, id, workerId, recheck) : null;
        if (reason !== null) {
          await requeue(trx, id, row.status as Status, reason);
          return null;
        }
        const epoch = row.epoch + 1;
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({
            status: KEPT_STATUSES.includes(row.status as Status) ? row.status : 'running',
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
        return {
          lease: { migrationId: id, workerId, epoch, seconds },
          migration: await readMigration(trx, id),
        };
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

    releaseLease(lease, reason, event) {
      return context.journal(lease, event, async (trx) => {
        const { status } = await readMigration(trx, lease.migrationId);
        await requeue(trx, lease.migrationId, status, reason);
        await context.announce(trx, { topic: 'migration.queued', id: lease.migrationId });
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
        if (change.status === 'completed' && row.status === 'running') refuseCancelled(row);
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
            // It failed before the cancel that was asked for began: a retry goes forward.
            ...(ended && row.status === 'running' ? { request: null } : {}),
            reserved_worker_id: null,
            reserved_until: null,
            worker_id: null,
            lease_until: null,
            instance_claim: frees ? null : row.instance_claim,
            finished_at: ended ? dialect.now : null,
            ...(ended ? {} : { queued_at: dialect.now }),
          })
          .where('id', '=', lease.migrationId)
          .execute();
        if (!ended) await context.announce(trx, { topic: 'migration.queued', id: lease.migrationId });
        return readMigration(trx, lease.migrationId);
      });
    },
  };
}
