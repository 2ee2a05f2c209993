import { routes } from '@guts/contract';
import {
  type AuditLine,
  GutsError,
  MAPPING_SORT_KEYS,
  type NamedMapping,
  type NewEvent,
  type ProjectScope,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import { given, nextLink, pageOf, sortOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { mappingFromWire } from '../wire/new-migration.ts';
import { namedMappingToWire } from '../wire/records.ts';

/** @throws GutsError `not_found` */
export async function findMapping(
  { store }: Pick<ApiParts, 'store'>,
  idOrName: string,
  scope: ProjectScope,
): Promise<NamedMapping> {
  const byId = await store.getMapping(idOrName, scope);
  if (byId) return byId;
  const [byName] = await store.listMappings(scope, { limit: 1, name: idOrName });
  if (byName) return byName;
  throw new GutsError('not_found', `there is no mapping "${idOrName}"`, { field: 'body.named_mapping' });
}

function eventOf(
  { id, projectId, name }: Pick<NamedMapping, 'id' | 'projectId' | 'name'>,
  what: string,
  audit: AuditLine,
): NewEvent {
  return {
    projectId,
    resource: 'mapping',
    resourceId: id,
    type: `mapping.${what}`,
    severity: 'information',
    message: `mapping "${name}" ${what}`,
    data: {},
    audit,
  };
}

export function mappingRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  const { mappings } = routes;
  const get = async (id: string, scope: ProjectScope): Promise<NamedMapping> => {
    const found = await store.getMapping(id, scope);
    if (!found) throw new GutsError('not_found', `there is no mapping ${id}`);
    return found;
  };

  serve(app, mappings.list, async ({ query, scope, href }) => {
    const page = await pageOf(query, (marker) => store.getMapping(marker, scope));
    const list = await store.listMappings(scope, {
      ...page,
      ...sortOf(query, MAPPING_SORT_KEYS),
      ...given({ name: query.name }),
    });
    const links = nextLink(href(mappings.list.path), query, page.limit, list.at(-1)?.id, list.length);
    return { mappings: list.map(namedMappingToWire), links };
  });

  serve(app, mappings.create, async ({ body, caller, scope, requestId, ids }) => {
    const id = ids.at(0);
    const there = ids.resumed ? await store.getMapping(id, scope) : null;
    if (there) return { mapping: namedMappingToWire(there) };
    const { name, description = null } = body;
    const made = {
      id,
      projectId: scope.projectId,
      name,
      description,
      mapping: mappingFromWire(body.mapping),
    };
    const line = auditLine(parts, { caller, requestId }, 'mapping.create', id, { name });
    return { mapping: namedMappingToWire(await store.createMapping(made, eventOf(made, 'created', line))) };
  });

  serve(app, mappings.show, async ({ params, scope }) => ({
    mapping: namedMappingToWire(await get(params.id, scope)),
  }));

  serve(app, mappings.update, async ({ params, body, caller, scope, requestId }) => {
    const before = await get(params.id, scope);
    const change = given({
      name: body.name,
      description: body.description,
      mapping: body.mapping && mappingFromWire(body.mapping),
    });
    const facts = { fields: Object.keys(body) };
    const line = auditLine(parts, { caller, requestId }, 'mapping.update', before.id, facts);
    const mapping = await store.updateMapping(before.id, change, eventOf(before, 'changed', line));
    return { mapping: namedMappingToWire(mapping) };
  });

  serve(app, mappings.remove, async ({ params, caller, scope, requestId }) => {
    const before = await get(params.id, scope);
    const facts = { name: before.name };
    const line = auditLine(parts, { caller, requestId }, 'mapping.delete', before.id, facts);
    await store.deleteMapping(before.id, eventOf(before, 'deleted', line));
    return undefined;
  });
}
