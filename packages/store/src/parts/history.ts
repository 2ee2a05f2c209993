import type { AuditEntry, AuditStore, EventStore, GutsEvent } from '@guts/core';
import { type RawBuilder, sql } from 'kysely';
import { iso, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import { orderOf, readPage } from './pages.ts';

/** Events and audit: what happened, and who asked for it. */
export function historyStore(context: StoreContext): EventStore & AuditStore {
  const { db } = context;
  return {
    async listEvents(scope, query) {
      const rows = await db
        .selectFrom('events')
        .selectAll()
        .where('sequence', '>', query.after)
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .$if(query.resourceId !== undefined, (q) => q.where('resource_id', '=', query.resourceId ?? ''))
        .orderBy('sequence', query.newest ? 'desc' : 'asc')
        .limit(query.limit)
        .execute();
      const events = rows.map((row): GutsEvent => ({
        sequence: row.sequence,
        projectId: row.project_id,
        resource: row.resource as GutsEvent['resource'],
        resourceId: row.resource_id,
        type: row.type,
        severity: row.severity as GutsEvent['severity'],
        message: row.message,
        data: parse(row.data),
        at: iso(row.at),
      }));
      return query.newest ? events.toReversed() : events;
    },

    async addAudit(entry) {
      await context.write((trx) => context.addAudit(trx, entry));
    },

    async listAudit(scope, query) {
      const { marker, since, until, sort } = query;
      const direction = sort?.descending ? 'desc' : 'asc';
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
          .selectFrom('audit')
          .selectAll()
          .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
          .$if(query.userId !== undefined, (q) => q.where('user_id', '=', query.userId ?? ''))
          .$if(query.action !== undefined, (q) => q.where('action', '=', query.action ?? ''))
          .$if(query.resourceId !== undefined, (q) => q.where('resource_id', '=', query.resourceId ?? ''))
          .$if(query.requestId !== undefined, (q) => q.where('request_id', '=', query.requestId ?? ''))
          .$if(since !== undefined, (q) => q.where('at', '>=', Date.parse(since ?? '')))
          .$if(until !== undefined, (q) => q.where('at', '<', Date.parse(until ?? '')))
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy('sequence', direction)
          .limit(limit)
          .execute();
      const list = {
        table: 'audit',
        order: orderOf(sort),
        descending: direction === 'desc',
        limit: query.limit,
      };
      const inScope = scope.projectId === null ? sql`` : sql` and project_id = ${scope.projectId}`;
      // A line of another project is no place in this list, as one that is not there is none.
      const own = marker === undefined ? undefined : sql<boolean>`id = ${marker}${inScope}`;
      const rows = await readPage(db, list, own, read);
      return rows.map((row): AuditEntry => ({
        id: row.id,
        at: iso(row.at),
        projectId: row.project_id,
        userId: row.user_id,
        requestId: row.request_id,
        action: row.action,
        resourceId: row.resource_id,
        data: parse(row.data),
      }));
    },
  };
}
