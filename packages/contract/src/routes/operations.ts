import { OPERATION_SORT_KEYS } from '@guts/core';
import Type from 'typebox';
import { Operation } from '../schemas/endpoint.ts';
import { byId, exactly, IdQuery, listOf, none, page, route, Statuses } from './define.ts';

export const operationRoutes = {
  list: route({
    method: 'GET',
    path: '/v1/operations',
    summary: 'Lists operations',
    tag: 'operations',
    params: none,
    query: page(
      { subject: IdQuery, status: Statuses, kind: exactly('such as source.refresh') },
      OPERATION_SORT_KEYS,
    ),
    body: null,
    status: 200,
    answer: listOf('operations', Operation),
  }),
  show: route({
    method: 'GET',
    path: '/v1/operations/:id',
    summary: 'Shows an operation',
    tag: 'operations',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: Type.Object({ operation: Operation }),
  }),
};
