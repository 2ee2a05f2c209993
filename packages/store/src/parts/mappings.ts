import { GutsError, type MappingStore, type NamedMapping } from '@guts/core';
import { type Selectable, type RawBuilder, sql } from 'kysely';
import { iso, json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { MappingRow } from '../schema/tables.ts';
import { orderOf, readPage } from './pages.ts';

function toMapping(row: Selectable<MappingRow>): NamedMapping {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    mapping: parse(row.mapping),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

export function mappingStore(context: StoreContext): MappingStore {
  const { db, dialect } = context;
  const read = async (trx: Trx, id: string): Promise<NamedMapping> =>
    toMapping(await trx.selectFrom('mappings').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
  const naming = async (name: string, work: (trx: Trx) => Promise<NamedMapping>): Promise<NamedMapping> => {
    try {
      return await context.write(work);
    } catch (error) {
      if (!dialect.isUniqueViolation(error)) throw error;
      throw new GutsError('conflict', `there is a mapping named "${name}" already`, {
        field: 'name',
        remedy: 'Choose another name.',
      });
    }
  };
  const none = (id: string): GutsError => new GutsError('not_found', `there is no mapping ${id}`);

  return {
    createMapping(mapping, event) {
      const { id, projectId, name, description } = mapping;
      return naming(name, async (trx) => {
        const now = await context.now(trx);
        await trx
          .insertInto('mappings')
          .values({
            id,
            project_id: projectId,
            name,
            description,
            mapping: json(mapping.mapping),
            created_at: now,
            updated_at: now,
          })
          .execute();
        await context.addEvent(trx, event);
        return read(trx, id);
      });
    },

    async getMapping(id, scope) {
      const row = await db
        .selectFrom('mappings')
        .selectAll()
        .where('id', '=', id)
        .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
        .executeTakeFirst();
      return row ? toMapping(row) : null;
    },

    async listMappings(scope, query) {
      const { marker, sort } = query;
      const order = orderOf(sort);
      const [column, tie] = order;
      const direction = sort?.descending ? 'desc' : 'asc';
      const read = (besides: RawBuilder<boolean> | null, limit: number) =>
        db
          .selectFrom('mappings')
          .selectAll()
          .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
          .$if(query.name !== undefined, (q) => q.where('name', '=', query.name ?? ''))
          .$if(besides !== null, (q) => q.where(besides ?? sql<boolean>`true`))
          .orderBy(sql.ref(column), direction)
          .$if(column !== tie, (q) => q.orderBy('sequence', direction))
          .limit(limit)
          .execute();
      const list = { table: 'mappings', order, descending: direction === 'desc', limit: query.limit };
      const own = marker === undefined ? undefined : sql<boolean>`id = ${marker}`;
      const rows = await readPage(db, list, own, read);
      return rows.map(toMapping);
    },

    updateMapping(id, { name, description, mapping }, event) {
      return naming(name ?? '', async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('mappings')
          .set({
            updated_at: dialect.now,
            ...(name === undefined ? {} : { name }),
            ...(description === undefined ? {} : { description }),
            ...(mapping === undefined ? {} : { mapping: json(mapping) }),
          })
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw none(id);
        await context.addEvent(trx, event);
        return read(trx, id);
      });
    },

    deleteMapping(id, event) {
      return context.write(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('mappings').where('id', '=', id).executeTakeFirst();
        if (numDeletedRows !== 1n) throw none(id);
        await context.addEvent(trx, event);
      });
    },
  };
}
