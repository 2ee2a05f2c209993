import { GutsError, mayMove, type MigrationStore, type Status, STATUS_RULES } from '@guts/core';
import { jsonOrNull, json } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import { instanceClaim, toMigration } from './migration-record.ts';

type Part = Pick<
  MigrationStore,
  'createMigration' | 'getMigration' | 'listMigrations' | 'moveMigration' | 'requestCancel' | 'setReason'
>;

async function refuseClaimed(trx: Trx, claim: string, exceptId: string | null): Promise<void> {
  const owner = await trx
    .selectFrom('migrations')
    .select(['id', 'status', 'instance_name'])
    .where('instance_claim', '=', claim)
    .executeTakeFirst();
  if (!owner || owner.id === exceptId) return;
  throw new GutsError(
    'conflict',
    `instance "${owner.instance_name}" belongs to migration ${owner.id}, which is ${owner.status}`,
    {
      remedy: 'Wait for it, cancel it, or commit or revert it first.',
      details: { migration_id: owner.id, status: owner.status },
    },
  );
}

export function migrationStore(context: StoreContext): Part {
  const { db } = context;
  const read = async (trx: Trx, id: string) =>
    toMigration(
      await trx.selectFrom('migrations').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    );

  return {
    createMigration(migration, event) {
      const claim = instanceClaim(migration.sourceId, migration.instanceRef);
      return context.write(async (trx) => {
        await refuseClaimed(trx, claim, null);
        const now = await context.now(trx);
        await trx
          .insertInto('migrations')
          .values({
            id: migration.id,
            project_id: migration.projectId,
            user_id: migration.userId,
            plan_id: migration.planId,
            name: migration.name,
            source_id: migration.sourceId,
            destination_id: migration.destinationId,
            instance_ref: migration.instanceRef,
            instance_name: migration.instanceName,
            instance_claim: claim,
            target_project: migration.targetProject,
            mode: migration.mode,
            purpose: migration.purpose,
            priority: migration.priority,
            spec: json(migration.spec),
            status: 'queued',
            phase: null,
            step: null,
            reason: null,
            error: null,
            cancel_requested: 0,
            reserved_worker_id: null,
            reserved_until: null,
            worker_id: null,
            epoch: 0,
            lease_until: null,
            created_at: now,
            updated_at: now,
            started_at: null,
            finished_at: null,
          })
          .execute();
        await context.addEvent(trx, event);
        return read(trx, migration.id);
      });
    },

    async getMigration(id, scope) {
      const row = await db
        .selectFrom('migrations')
        .selectAll()
        .where('id', '=', id)
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .executeTakeFirst();
      return row ? toMigration(row) : null;
    },

    async listMigrations(scope, query) {
      const rows = await db
        .selectFrom('migrations')
        .selectAll()
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .$if(query.status !== undefined, (q) => q.where('status', 'in', [...(query.status ?? [])]))
        .$if(query.name !== undefined, (q) => q.where('name', '=', query.name ?? ''))
        .$if(query.sourceId !== undefined, (q) => q.where('source_id', '=', query.sourceId ?? ''))
        .$if(query.destinationId !== undefined, (q) =>
          q.where('destination_id', '=', query.destinationId ?? ''),
        )
        .$if(query.planId !== undefined, (q) => q.where('plan_id', '=', query.planId ?? ''))
        .$if(query.marker !== undefined, (q) =>
          q.where('sequence', '>', (eb) =>
            eb
              .selectFrom('migrations as m')
              .select('m.sequence')
              .where('m.id', '=', query.marker ?? ''),
          ),
        )
        .orderBy('sequence')
        .limit(query.limit)
        .execute();
      return rows.map(toMigration);
    },

    moveMigration(id, from, change, event) {
      const illegal = from.find((status) => status !== change.status && !mayMove(status, change.status));
      if (illegal) throw new GutsError('internal', `no migration moves from ${illegal} to ${change.status}`);
      return context.write(async (trx) => {
        const before = await trx
          .selectFrom('migrations')
          .select(['status', 'source_id', 'instance_ref'])
          .where('id', '=', id)
          .executeTakeFirst();
        if (!before || !from.includes(before.status as Status)) return null;
        const claim = instanceClaim(before.source_id, before.instance_ref);
        const { final } = STATUS_RULES[change.status];
        if (!final) await refuseClaimed(trx, claim, id);
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({
            status: change.status,
            updated_at: context.dialect.now,
            reserved_worker_id: null,
            reserved_until: null,
            worker_id: null,
            lease_until: null,
            instance_claim: final ? null : claim,
            ...(change.phase === undefined ? {} : { phase: change.phase, step: null }),
            ...(change.reason === undefined ? {} : { reason: change.reason }),
            ...(change.error === undefined ? {} : { error: jsonOrNull(change.error) }),
            ...(change.cancelRequested === undefined
              ? {}
              : { cancel_requested: change.cancelRequested ? 1 : 0 }),
            finished_at: final ? context.dialect.now : null,
          })
          .where('id', '=', id)
          .where('status', '=', before.status)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        await context.addEvent(trx, event);
        return read(trx, id);
      });
    },

    requestCancel(id, event) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({ cancel_requested: 1, updated_at: context.dialect.now })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        await context.addEvent(trx, event);
        return read(trx, id);
      });
    },

    async setReason(id, reason) {
      await context.write((trx) =>
        trx
          .updateTable('migrations')
          .set({ reason, updated_at: context.dialect.now })
          .where('id', '=', id)
          .execute(),
      );
    },
  };
}
