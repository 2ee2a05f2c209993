import { routes } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { limitOf, nextLink, serve } from '../serve.ts';
import { operationToWire } from '../wire/records.ts';

export function operationRoutes(app: FastifyInstance, { store }: ApiParts): void {
  serve(app, routes.operations.list, 'reader', async ({ query, scope }) => {
    const limit = limitOf(query);
    const list = await store.listOperations(scope, {
      limit,
      ...(query.subject === undefined ? {} : { subjectId: query.subject }),
      ...(query.marker === undefined ? {} : { marker: query.marker }),
    });
    const links = nextLink(routes.operations.list.path, query, limit, list.at(-1)?.id, list.length);
    return { operations: list.map(operationToWire), links };
  });
  serve(app, routes.operations.show, 'reader', async ({ params, scope }) => {
    const operation = await store.getOperation(params.id, scope);
    if (!operation) throw new GutsError('not_found', `there is no operation ${params.id}`);
    return { operation: operationToWire(operation) };
  });
}
