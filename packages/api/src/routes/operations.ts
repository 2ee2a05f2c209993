import { OPERATION_STATUSES, routes } from '@guts/contract';
import { GutsError, OPERATION_SORT_KEYS, type OperationKind } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { given, nextLink, pageOf, sortOf, statusesOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { operationToWire } from '../wire/records.ts';

export function operationRoutes(app: FastifyInstance, { store }: ApiParts): void {
  serve(app, routes.operations.list, async ({ query, scope, href }) => {
    const page = await pageOf(query, (marker) => store.getOperation(marker, scope));
    const { subject, status, kind } = query;
    const list = await store.listOperations(scope, {
      ...page,
      ...sortOf(query, OPERATION_SORT_KEYS),
      ...given({
        subjectId: subject,
        kind: kind as OperationKind | undefined,
        status: statusesOf(status, OPERATION_STATUSES),
      }),
    });
    const links = nextLink(
      href(routes.operations.list.path),
      query,
      page.limit,
      list.at(-1)?.id,
      list.length,
    );
    return { operations: list.map(operationToWire), links };
  });
  serve(app, routes.operations.show, async ({ params, scope }) => {
    const operation = await store.getOperation(params.id, scope);
    if (!operation) throw new GutsError('not_found', `there is no operation ${params.id}`);
    return { operation: operationToWire(operation) };
  });
}
