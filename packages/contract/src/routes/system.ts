import { AUDIT_SORT_KEYS } from '@guts/core';
import Type from 'typebox';
import { PageQuery } from '../schemas/common.ts';
import { AuditLine, Event, Health, HealthReport, Service, ServiceChange } from '../schemas/system.ts';
import { byId, closed, exactly, IdQuery, listOf, none, page, route, Since } from './define.ts';

export const healthRoute = route({
  method: 'GET',
  path: '/healthcheck',
  summary: 'Whether this API can serve',
  tag: 'system',
  params: none,
  query: none,
  body: null,
  status: 200,
  answer: Health,
});
export const healthReportRoute = route({
  method: 'GET',
  path: '/v1/health',
  summary: 'How database, bus and daemons are, and how much work there is',
  tag: 'system',
  params: none,
  query: none,
  body: null,
  status: 200,
  answer: HealthReport,
});

export const serviceRoutes = {
  list: route({
    method: 'GET',
    path: '/v1/services',
    summary: 'Lists daemons',
    tag: 'services',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: Type.Object({ services: Type.Array(Service) }),
  }),
  update: route({
    method: 'PATCH',
    path: '/v1/services/:id',
    summary: 'Disables (and drains) or enables a daemon, or limits what the copies of a worker may move',
    tag: 'services',
    params: byId,
    query: none,
    body: ServiceChange,
    status: 200,
    answer: Type.Object({ service: Service }),
  }),
  remove: route({
    method: 'DELETE',
    path: '/v1/services/:id',
    summary: 'Forgets a daemon that is dead',
    tag: 'services',
    params: byId,
    query: none,
    body: null,
    status: 204,
    answer: null,
  }),
};

export const auditRoute = route({
  method: 'GET',
  path: '/v1/audit',
  summary: 'Who changed what',
  tag: 'system',
  params: none,
  query: page(
    {
      user: exactly('id of who asked'),
      action: exactly('such as migration.create'),
      resource: IdQuery,
      request: exactly('id of the request'),
      since: Since,
      until: Type.Optional(Type.String({ format: 'date-time', description: 'before that' })),
    },
    AUDIT_SORT_KEYS,
  ),
  body: null,
  status: 200,
  answer: listOf('audit', AuditLine),
});

export const eventRoutes = {
  list: route({
    method: 'GET',
    path: '/v1/events',
    summary: 'What happened',
    tag: 'events',
    params: none,
    query: Type.Object(
      {
        after: Type.Optional(
          Type.String({ pattern: '^[0-9]{1,15}$', description: 'only events after this sequence' }),
        ),
        resource: IdQuery,
        newest: Type.Optional(
          Type.Unsafe<'true' | 'false'>({
            type: 'string',
            enum: ['true', 'false'],
            description: 'the last ones instead of the first',
          }),
        ),
        limit: PageQuery.limit,
      },
      closed,
    ),
    body: null,
    status: 200,
    answer: listOf('events', Event),
  }),
};
