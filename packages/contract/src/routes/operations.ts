import Type from 'typebox';
import { Operation } from '../schemas/endpoint.ts';
import { byId, IdQuery, listOf, none, page, route, Statuses } from './define.ts';

export const operationRoutes = {
  list: route({
    method: 'GET',
    path: '/v1/operations',
    summary: 'Lists operations',
    tag: 'operations',
    params: none,
    query: page({ subject: IdQuery, status: Statuses }),
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
