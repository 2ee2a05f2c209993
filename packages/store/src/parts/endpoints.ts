import {
  type Endpoint,
  type EndpointSide,
  type EndpointStore,
  GutsError,
  STATUS_RULES,
  STATUSES,
} from '@guts/core';
import { type Insertable, type Selectable, type RawBuilder, sql } from 'kysely';
import { iso, isoOrNull, json, jsonOrNull, parse, parseOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { EndpointRow } from '../schema/tables.ts';
import { orderOf, readPage } from './pages.ts';

const OPEN_STATUSES = STATUSES.filter((status) => !STATUS_RULES[status].final);

/** Without what is read only when it is wanted: the secret, and facts, which may be long. */
const SHOWN = [
  'id',
  'project_id',
  'side',
  'name',
  'driver',
  'settings',
  'status',
  'status_reason',
  'report',
  'validated_at',
  'refreshed_at',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof EndpointRow)[];

function toEndpoint(row: Pick<Selectable<EndpointRow>, (typeof SHOWN)[number]>): Endpoint {
  return {
    id: row.id,
    projectId: row.project_id,
    side: row.side as EndpointSide,
    name: row.name,
    driver: row.driver,
    settings: parse(row.settings),
    status: row.status as Endpoint['status'],
    statusReason: row.status_reason,
    report: parseOrNull(row.report),
    validatedAt: isoOrNull(row.validated_at),
    refreshedAt: isoOrNull(row.refreshed_at),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

export function endpointStore(context: StoreContext): EndpointStore {
  const { db, dialect } = context;
  const nameTaken = (error: unknown, side: EndpointSide, name: string): unknown =>
    dialect.isUniqueViolation(error)
      ? new GutsError('conflict', `there is a ${side} named "${name}" already`, {
          field: 'name',
          remedy: 'Choose another name.',
        })
      : error;

  return {
    async createEndpoint(endpoint, event) {
      try {
        return await context.write(async (trx) => {
          const now = await context.now(trx);
          const row: Insertable<EndpointRow> = {
            id: endpoint.id,
            project_id: endpoint.projectId,
            side: endpoint.side,
            name: endpoint.name,
            driver: endpoint.driver,
            settings: json(endpoint.settings),
            sealed_secret: endpoint.sealedSecret,
            status: 'unknown',
            status_reason: null,
            report: null,
            facts: null,
            validated_at: null,
            refreshed_at: null,
            created_at: now,
            updated_at: now,
          };
          await trx.insertInto('endpoints').values(row).execute();
          await context.addEvent(trx, event);
          return toEndpoint(
            await trx
              .selectFrom('endpoints')
              .select(SHOWN)
              .where('id', '=', endpoint.id)
              .executeTakeFirstOrThrow(),
          );
        });
      } catch (error) {
        throw nameTaken(error, endpoint.side, endpoint.name);
      }
    },

    async getEndpoint(side, id, scope) {
      const row = await db
        .selectFrom('endpoints')
        .select(SHOWN)
        .where('side', '=', side)
        .where('id', '=', id)
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .executeTakeFirst();
      return row ? toEndpoint(row) : null;
    },

    async listEndpoints(side, scope, query) {
      const { marker, sort } = query;
      const order = orderOf(sort);
      const [column, tie] = order;
      const direction = sort?.descending ? 'desc' : 'asc';
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
          .selectFrom('endpoints')
          .select(SHOWN)
          .where('side', '=', side)
          .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
          .$if(query.name !== undefined, (q) => q.where('name', '=', query.name ?? ''))
          .$if(query.status !== undefined, (q) => q.where('status', 'in', [...(query.status ?? [])]))
          .$if(query.driver !== undefined, (q) => q.where('driver', '=', query.driver ?? ''))
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy(sql.ref(column), direction)
          .$if(column !== tie, (q) => q.orderBy('sequence', direction))
          .limit(limit)
          .execute();
      const list = { table: 'endpoints', order, descending: direction === 'desc', limit: query.limit };
      const own = marker === undefined ? undefined : sql<boolean>`id = ${marker}`;
      const rows = await readPage(db, list, own, read);
      return rows.map(toEndpoint);
    },

    async updateEndpoint(side, id, change, event) {
      try {
        return await context.write(async (trx) => {
          const now = await context.now(trx);
          const { numUpdatedRows } = await trx
            .updateTable('endpoints')
            .set({
              updated_at: now,
              ...(change.name === undefined ? {} : { name: change.name }),
              ...(change.settings === undefined ? {} : { settings: json(change.settings) }),
              ...(change.sealedSecret === undefined ? {} : { sealed_secret: change.sealedSecret }),
              ...(change.status === undefined ? {} : { status: change.status }),
              ...(change.statusReason === undefined ? {} : { status_reason: change.statusReason }),
              ...(change.report === undefined ? {} : { report: jsonOrNull(change.report) }),
              ...(change.validated ? { validated_at: now } : {}),
            })
            .where('side', '=', side)
            .where('id', '=', id)
            .executeTakeFirst();
          if (numUpdatedRows !== 1n) throw new GutsError('not_found', `there is no ${side} ${id}`);
          if (event) await context.addEvent(trx, event);
          const row = await trx
            .selectFrom('endpoints')
            .select(SHOWN)
            .where('id', '=', id)
            .executeTakeFirstOrThrow();
          return toEndpoint(row);
        });
      } catch (error) {
        throw nameTaken(error, side, change.name ?? '');
      }
    },

    deleteEndpoint(side, id, event) {
      return context.write(async (trx) => {
        const user = await trx
          .selectFrom('migrations')
          .select(['id', 'status'])
          .where(side === 'source' ? 'source_id' : 'destination_id', '=', id)
          .where('status', 'in', OPEN_STATUSES)
          .executeTakeFirst();
        if (user)
          throw new GutsError('conflict', `migration ${user.id} (${user.status}) uses this ${side}`, {
            remedy: 'Cancel, commit or revert its migrations first.',
            details: { migration_id: user.id },
          });
        const { numDeletedRows } = await trx
          .deleteFrom('endpoints')
          .where('side', '=', side)
          .where('id', '=', id)
          .executeTakeFirst();
        if (numDeletedRows !== 1n) throw new GutsError('not_found', `there is no ${side} ${id}`);
        if (side === 'source') {
          await trx.deleteFrom('inventory').where('source_id', '=', id).execute();
          await trx.deleteFrom('inventory_facets').where('source_id', '=', id).execute();
        }
        await context.addEvent(trx, event);
      });
    },

    async sealedSecret(side, id) {
      const row = await db
        .selectFrom('endpoints')
        .select('sealed_secret')
        .where('side', '=', side)
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.sealed_secret ?? null;
    },

    putFacts(id, facts) {
      return context.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('endpoints')
          .set({ facts: json(facts), refreshed_at: dialect.now, updated_at: dialect.now })
          .where('side', '=', 'destination')
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw new GutsError('not_found', `there is no destination ${id}`);
      });
    },

    async getFacts(id) {
      const row = await db
        .selectFrom('endpoints')
        .select('facts')
        .where('side', '=', 'destination')
        .where('id', '=', id)
        .executeTakeFirst();
      return parseOrNull(row?.facts ?? null);
    },
  };
}
