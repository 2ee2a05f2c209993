import type { Operation, OperationKind, OperationStatus, OperationStore } from '@guts/core';
import { type Kysely, type Selectable, type RawBuilder, sql } from 'kysely';
import { iso, isoOrNull, json, jsonOrNull, parse, parseOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { OperationRow, Tables } from '../schema/tables.ts';
import { orderOf, readPage } from './pages.ts';

function toOperation(row: Selectable<OperationRow>): Operation {
  return {
    id: row.id,
    projectId: row.project_id,
    kind: row.kind as OperationKind,
    subjectId: row.subject_id,
    status: row.status as OperationStatus,
    input: parse(row.input),
    progress: row.progress,
    result: parseOrNull(row.result),
    error: parseOrNull(row.error),
    workerId: row.worker_id,
    epoch: row.epoch,
    leaseUntil: isoOrNull(row.lease_until),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

export function operationStore(context: StoreContext): OperationStore {
  const { db, dialect } = context;
  const read = async (trx: Trx, id: string): Promise<Operation> =>
    toOperation(
      await trx.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    );
  /** The oldest that waits, or whose worker is gone; of one kind and subject one at a time. */
  const claimable = (on: Kysely<Tables>) =>
    on
      .selectFrom('operations as o')
      .select(['o.id', 'o.epoch'])
      .where((eb) =>
        eb.or([
          eb('o.status', '=', 'queued'),
          eb.and([eb('o.status', '=', 'running'), eb('o.lease_until', '<', dialect.now)]),
        ]),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('operations as other')
              .select('other.id')
              .whereRef('other.subject_id', '=', 'o.subject_id')
              .whereRef('other.kind', '=', 'o.kind')
              .whereRef('other.id', '<>', 'o.id')
              .where('other.status', '=', 'running')
              .where('other.lease_until', '>=', dialect.now),
          ),
        ),
      )
      .orderBy('o.sequence')
      .limit(1)
      .executeTakeFirst();

  return {
    createOperation(operation, event) {
      return context.write(async (trx) => {
        const now = await context.now(trx);
        await trx
          .insertInto('operations')
          .values({
            id: operation.id,
            project_id: operation.projectId,
            kind: operation.kind,
            subject_id: operation.subjectId,
            status: 'queued',
            input: json(operation.input),
            progress: null,
            result: null,
            error: null,
            worker_id: null,
            epoch: 0,
            lease_until: null,
            created_at: now,
            updated_at: now,
          })
          .execute();
        await context.addEvent(trx, event);
        await context.announce(trx, { topic: 'operation.queued', id: operation.id });
        return read(trx, operation.id);
      });
    },

    async getOperation(id, scope) {
      const row = await db
        .selectFrom('operations')
        .selectAll()
        .where('id', '=', id)
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .executeTakeFirst();
      return row ? toOperation(row) : null;
    },

    async listOperations(scope, query) {
      const { marker, sort } = query;
      const order = orderOf(sort);
      const [column, tie] = order;
      const direction = sort?.descending ? 'desc' : 'asc';
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
          .selectFrom('operations')
          .selectAll()
          .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
          .$if(query.subjectId !== undefined, (q) => q.where('subject_id', '=', query.subjectId ?? ''))
          .$if(query.status !== undefined, (q) => q.where('status', 'in', [...(query.status ?? [])]))
          .$if(query.kind !== undefined, (q) => q.where('kind', '=', query.kind ?? ''))
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy(sql.ref(column), direction)
          .$if(column !== tie, (q) => q.orderBy('sequence', direction))
          .limit(limit)
          .execute();
      const list = { table: 'operations', order, descending: direction === 'desc', limit: query.limit };
      const own = marker === undefined ? undefined : sql<boolean>`id = ${marker}`;
      const rows = await readPage(db, list, own, read);
      return rows.map(toOperation);
    },

    async claimOperation(workerId, seconds) {
      // Looked for first without the write lock: most of the time nothing waits.
      if (!(await claimable(db))) return null;
      return context.write(async (trx) => {
        // Nobody else chooses meanwhile.
        await context.lock(trx, 'scheduling');
        const candidate = await claimable(trx);
        if (!candidate) return null;
        const { numUpdatedRows } = await trx
          .updateTable('operations')
          .set({
            status: 'running',
            worker_id: workerId,
            epoch: candidate.epoch + 1,
            lease_until: context.inSeconds(seconds),
            updated_at: dialect.now,
          })
          .where('id', '=', candidate.id)
          .where('epoch', '=', candidate.epoch)
          .where('status', 'in', ['queued', 'running'])
          .executeTakeFirst();
        return numUpdatedRows === 1n ? read(trx, candidate.id) : null;
      });
    },

    async renewOperation(id, epoch, seconds, progress) {
      const { numUpdatedRows } = await context.write((trx) =>
        trx
          .updateTable('operations')
          .set({ lease_until: context.inSeconds(seconds), progress, updated_at: dialect.now })
          .where('id', '=', id)
          .where('epoch', '=', epoch)
          .where('status', '=', 'running')
          .executeTakeFirst(),
      );
      return numUpdatedRows === 1n;
    },

    requeueOperation(id, epoch) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('operations')
          .set({ status: 'queued', worker_id: null, lease_until: null, updated_at: dialect.now })
          .where('id', '=', id)
          .where('epoch', '=', epoch)
          .where('status', '=', 'running')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        await context.announce(trx, { topic: 'operation.queued', id });
        return true;
      });
    },

    finishOperation(id, epoch, result, event) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('operations')
          .set({
            status: result.status,
            result: jsonOrNull(result.result),
            error: jsonOrNull(result.error),
            lease_until: null,
            updated_at: dialect.now,
          })
          .where('id', '=', id)
          .where('epoch', '=', epoch)
          .where('status', '=', 'running')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        await context.addEvent(trx, event);
        return true;
      });
    },
  };
}
