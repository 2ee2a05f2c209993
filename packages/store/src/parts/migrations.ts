import {
  GutsError,
  mayMove,
  type Migration,
  type MigrationStore,
  type Status,
  STATUS_RULES,
} from '@guts/core';
import { type RawBuilder, sql } from 'kysely';
import { jsonOrNull, json } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Db, Trx } from '../dialect.ts';
import { instanceClaim, instanceKey, readMigration, toMigration } from './migration-record.ts';
import { orderOf, readPage } from './pages.ts';

/** Migrations of one instance that a list by instance has at most. */
const SAME_INSTANCE = 10_000;

type Part = Pick<
  MigrationStore,
  'createMigration' | 'getMigration' | 'listMigrations' | 'moveMigration' | 'requestCancel'
>;

/**
 * Those of an instance, by its ref or name. Looked for first, each from its index: as a part of the list's own
 * question not every database would use them.
 */
async function idsOfInstance(db: Db, text: string): Promise<string[]> {
  const rows = await db
    .selectFrom('migrations')
    .select('id')
    .where('instance_ref', '=', text)
    .union((eb) =>
      eb
        .selectFrom('migrations')
        .select('id')
        .where('instance_key', '=', instanceKey(text))
        .where('instance_name', '=', text),
    )
    .limit(SAME_INSTANCE)
    .execute();
  return rows.map(({ id }) => id);
}

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

/** A write that takes an instance: of two at once one is refused by the database, and told why. */
async function claiming<T>(
  context: StoreContext,
  claim: string,
  exceptId: string | null,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  try {
    return await context.write(work);
  } catch (error) {
    if (context.dialect.isUniqueViolation(error))
      await context.write((trx) => refuseClaimed(trx, claim, exceptId));
    throw error;
  }
}

export function migrationStore(context: StoreContext): Part {
  const { db } = context;
  const read = readMigration;

  return {
    createMigration(migration, event) {
      const claim = instanceClaim(migration.sourceId, migration.instanceRef);
      return claiming(context, claim, null, async (trx) => {
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
            instance_key: instanceKey(migration.instanceName),
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
            request: null,
            demand: json(migration.demand),
            trace: null,
            queued_at: now,
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
        await context.announce(trx, { topic: 'migration.queued', id: migration.id });
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
      const { marker, sort, createdSince, updatedSince, instance } = query;
      const ids = instance === undefined ? null : await idsOfInstance(db, instance);
      if (ids?.length === 0) return [];
      const order = orderOf(sort);
      const [column, tie] = order;
      const direction = sort?.descending ? 'desc' : 'asc';
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
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
          .$if(ids !== null, (q) => q.where('id', 'in', ids ?? []))
          .$if(createdSince !== undefined, (q) => q.where('created_at', '>=', Date.parse(createdSince ?? '')))
          .$if(updatedSince !== undefined, (q) => q.where('updated_at', '>=', Date.parse(updatedSince ?? '')))
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy(sql.ref(column), direction)
          .$if(column !== tie, (q) => q.orderBy('sequence', direction))
          .limit(limit)
          .execute();
      const list = { table: 'migrations', order, descending: direction === 'desc', limit: query.limit };
      const own = marker === undefined ? undefined : sql<boolean>`id = ${marker}`;
      const rows = await readPage(db, list, own, read);
      return rows.map(toMigration);
    },

    moveMigration(id, from, change, event) {
      const illegal = from.find((status) => status !== change.status && !mayMove(status, change.status));
      if (illegal) throw new GutsError('internal', `no migration moves from ${illegal} to ${change.status}`);
      const move = async (trx: Trx): Promise<Migration | null> => {
        const before = await trx
          .selectFrom('migrations')
          .select(['status', 'source_id', 'instance_ref'])
          .where('id', '=', id)
          .executeTakeFirst();
        if (!before || !from.includes(before.status as Status)) return null;
        const claim = instanceClaim(before.source_id, before.instance_ref);
        const { final, holds } = STATUS_RULES[change.status];
        const waits = change.status === 'queued' || holds === 'lease';
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
            ...(change.request === undefined ? {} : { request: jsonOrNull(change.request) }),
            ...(waits ? { queued_at: context.dialect.now } : {}),
            finished_at: final ? context.dialect.now : null,
          })
          .where('id', '=', id)
          .where('status', '=', before.status)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        await context.addEvent(trx, event);
        if (waits) await context.announce(trx, { topic: 'migration.queued', id });
        return read(trx, id);
      };
      // Two retries of one instance at once: the database refuses one of them.
      return context.write(move).catch(async (error: unknown) => {
        if (!context.dialect.isUniqueViolation(error)) throw error;
        const row = await db
          .selectFrom('migrations')
          .select(['source_id', 'instance_ref'])
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        return claiming(context, instanceClaim(row.source_id, row.instance_ref), id, move);
      });
    },

    requestCancel(id, event) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('migrations')
          .set({ cancel_requested: 1, request: json({ action: 'cancel' }), updated_at: context.dialect.now })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return null;
        await context.addEvent(trx, event);
        const row = await read(trx, id);
        const to = row.workerId === null ? {} : { to: row.workerId };
        await context.announce(trx, { topic: 'migration.action', id, ...to });
        return row;
      });
    },
  };
}
