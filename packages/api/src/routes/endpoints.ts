import { checkJson, routes } from '@guts/contract';
import {
  type AuditLine,
  type DriverSchemas,
  type Endpoint,
  ENDPOINT_SORT_KEYS,
  ENDPOINT_STATUSES,
  type EndpointSide,
  GutsError,
  type NewEvent,
  type OperationKind,
  type ProjectScope,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { REAP_RULE } from '../auth/default-rules.ts';
import { auditLine } from '../audit.ts';
import { OFFERED_SECONDS } from '../fresh.ts';
import { given, nextLink, pageOf, sortOf, statusesOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { noReapFields, reapInput } from '../wire/reap.ts';
import { endpointToWire, operationToWire } from '../wire/records.ts';
import { snake } from '../wire/snake.ts';

function eventOf(
  endpoint: { id: string; projectId: string; side: EndpointSide; name: string },
  what: string,
  audit: AuditLine,
): NewEvent {
  return {
    projectId: endpoint.projectId,
    resource: endpoint.side,
    resourceId: endpoint.id,
    type: `${endpoint.side}.${what}`,
    severity: 'information',
    message: `${endpoint.side} "${endpoint.name}" ${what}`,
    data: {},
    audit,
  };
}

/** The schemas of a driver as some living worker published them. */
async function driverSchemas(parts: ApiParts, side: EndpointSide, name: string): Promise<DriverSchemas> {
  const services = await parts.store.listServices(OFFERED_SECONDS);
  const drivers = services.filter((one) => one.alive).flatMap((one) => one.drivers);
  const found = drivers.find((driver) => driver.side === side && driver.name === name);
  if (found) return found;
  const known = [...new Set(drivers.filter((one) => one.side === side).map((one) => one.name))];
  throw new GutsError('bad_request', `no worker has a ${side} driver "${name}"`, {
    field: 'body.driver',
    remedy: known.length > 0 ? `Use one of: ${known.join(', ')}.` : 'Start a worker (guts migration) first.',
  });
}

/** What the driver's schema does not allow is refused here; whether it works is the worker's to find out. */
function checkAgainst(
  schema: DriverSchemas['settings'],
  given: Readonly<Record<string, unknown>>,
  where: 'settings' | 'secret',
): void {
  const [fault] = checkJson(schema, given);
  if (!fault) return;
  const field = fault.field === '' ? where : `${where}.${fault.field}`;
  const known = Object.keys(schema['properties'] ?? {});
  throw new GutsError('bad_request', `${field} ${fault.message}`, {
    field: `body.${field}`,
    remedy: known.length === 0 ? `The driver takes no ${where}.` : `The driver knows: ${known.join(', ')}.`,
  });
}

export async function findEndpoint(
  parts: ApiParts,
  side: EndpointSide,
  idOrName: string,
  scope: ProjectScope,
): Promise<Endpoint> {
  const byId = await parts.store.getEndpoint(side, idOrName, scope);
  if (byId) return byId;
  const [byName] = await parts.store.listEndpoints(side, scope, { limit: 1, name: idOrName });
  if (byName) return byName;
  throw new GutsError('not_found', `there is no ${side} "${idOrName}"`);
}

function endpointRoutes(app: FastifyInstance, parts: ApiParts, side: EndpointSide): void {
  const { store, secrets } = parts;
  // Both sides have the same routes; only the name of the thing differs.
  const own = side === 'source' ? routes.sources : (routes.destinations as unknown as typeof routes.sources);
  const wrap = (endpoint: Endpoint) => ({ [side]: endpointToWire(endpoint) }) as never;
  const get = async (id: string, scope: ProjectScope): Promise<Endpoint> => {
    const found = await store.getEndpoint(side, id, scope);
    if (!found) throw new GutsError('not_found', `there is no ${side} ${id}`);
    return found;
  };

  serve(app, own.list, async ({ query, scope, href }) => {
    const page = await pageOf(query, (marker) => store.getEndpoint(side, marker, scope));
    const { name, driver, status } = query;
    const list = await store.listEndpoints(side, scope, {
      ...page,
      ...sortOf(query, ENDPOINT_SORT_KEYS),
      ...given({ name, driver, status: statusesOf(status, ENDPOINT_STATUSES) }),
    });
    const links = nextLink(href(own.list.path), query, page.limit, list.at(-1)?.id, list.length);
    return { [`${side}s`]: list.map(endpointToWire), links } as never;
  });

  serve(app, own.create, async ({ body, caller, scope, requestId, ids }) => {
    const id = ids.at(0);
    const there = ids.resumed ? await store.getEndpoint(side, id, scope) : null;
    if (there) return wrap(there);
    const { name, driver, settings, secret = {} } = body;
    const schemas = await driverSchemas(parts, side, driver);
    checkAgainst(schemas.settings, settings, 'settings');
    checkAgainst(schemas.secret, secret, 'secret');
    const sealedSecret = secrets.seal(secret, `${side}:${id}`);
    const made = { id, projectId: scope.projectId, side, name, driver, settings, sealedSecret };
    const line = auditLine(parts, { caller, requestId }, `${side}.create`, id, { name, driver });
    const endpoint = await store.createEndpoint(made, eventOf(made, 'created', line));
    return wrap(endpoint);
  });

  serve(app, own.show, async ({ params, scope }) => wrap(await get(params.id, scope)));

  serve(app, own.update, async ({ params, body, caller, scope, requestId }) => {
    const before = await get(params.id, scope);
    const schemas = await driverSchemas(parts, side, before.driver);
    if (body.settings) checkAgainst(schemas.settings, body.settings, 'settings');
    if (body.secret) checkAgainst(schemas.secret, body.secret, 'secret');
    const change = {
      ...(body.name === undefined ? {} : { name: body.name }),
      ...(body.settings === undefined ? {} : { settings: body.settings }),
      ...(body.secret === undefined
        ? {}
        : { sealedSecret: secrets.seal(body.secret, `${side}:${before.id}`) }),
      // What was checked before says nothing about what it is now.
      ...(body.settings || body.secret ? { status: 'unknown' as const, statusReason: null } : {}),
    };
    const facts = { fields: Object.keys(body) };
    const line = auditLine(parts, { caller, requestId }, `${side}.update`, before.id, facts);
    const endpoint = await store.updateEndpoint(side, before.id, change, eventOf(before, 'changed', line));
    return wrap(endpoint);
  });

  serve(app, own.remove, async ({ params, caller, scope, requestId }) => {
    const before = await get(params.id, scope);
    const facts = { name: before.name };
    const line = auditLine(parts, { caller, requestId }, `${side}.delete`, before.id, facts);
    await store.deleteEndpoint(side, before.id, eventOf(before, 'deleted', line));
    return undefined;
  });

  serve(app, own.act, async ({ params, body, caller, scope, requestId, permit, ids }) => {
    if (body.action === 'reap') permit(REAP_RULE);
    const endpoint = await get(params.id, scope);
    const kind = `${side}.${body.action}` as OperationKind;
    const id = ids.at(0);
    const there = ids.resumed ? await store.getOperation(id, scope) : null;
    if (there) return { operation: operationToWire(there) };
    const input = body.action === 'reap' ? { ...reapInput(body) } : noReapFields(body);
    const facts = { operation_id: id, ...snake(input) };
    const line = auditLine(parts, { caller, requestId }, kind, endpoint.id, facts);
    const operation = await store.createOperation(
      { id, projectId: scope.projectId, kind, subjectId: endpoint.id, input },
      {
        ...eventOf(endpoint, 'operation', line),
        resource: 'operation',
        resourceId: id,
        message: `${kind} queued`,
      },
    );
    parts.nudge();
    return { operation: operationToWire(operation) };
  });
}

export function sourceAndDestinationRoutes(app: FastifyInstance, parts: ApiParts): void {
  endpointRoutes(app, parts, 'source');
  endpointRoutes(app, parts, 'destination');
}
