import { routes } from '@guts/contract';
import { AUDIT_SORT_KEYS, GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import { ALIVE_SECONDS } from '../fresh.ts';
import { given, limitOf, momentOf, nextLink, sortOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { slotsUsed } from '../slots-used.ts';
import { eventToWire, serviceToWire } from '../wire/records.ts';
import { snake } from '../wire/snake.ts';

export function systemRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;

  serve(app, routes.services.list, async () => {
    const [services, used] = await Promise.all([store.listServices(ALIVE_SECONDS), slotsUsed(store)]);
    return { services: services.map((one) => serviceToWire(one, used.get(one.id) ?? 0)) };
  });

  serve(app, routes.services.update, async ({ params, body, caller, requestId }) => {
    const { disabled, drain = false } = body;
    if (disabled && (body.reason ?? '').trim() === '')
      throw new GutsError('bad_request', 'to disable a daemon needs a reason', {
        field: 'body.reason',
        remedy: 'Say why: the next who looks will want to know.',
      });
    if (!disabled && (drain || body.reason !== undefined))
      throw new GutsError('bad_request', 'only disabling takes drain and reason', {
        field: drain ? 'body.drain' : 'body.reason',
        remedy: 'Leave it out to enable the daemon.',
      });
    const reason = body.reason ?? null;
    const service = await store.setServiceDisabled(params.id, { disabled, draining: drain, reason });
    if (!service) throw new GutsError('not_found', `there is no service ${params.id}`);
    const action = disabled ? 'service.disable' : 'service.enable';
    const asker = { caller, requestId };
    await store.addAudit(auditLine(parts, asker, action, params.id, disabled ? { drain, reason } : {}));
    return { service: serviceToWire(service, (await slotsUsed(store)).get(service.id) ?? 0) };
  });

  serve(app, routes.services.remove, async ({ params, caller, requestId }) => {
    const service = (await store.listServices(ALIVE_SECONDS)).find(({ id }) => id === params.id);
    if (!service) throw new GutsError('not_found', `there is no service ${params.id}`);
    if (service.alive)
      throw new GutsError('conflict', `${service.binary} ${service.id} on ${service.host} is alive`, {
        remedy: `Stop it, or disable it; it can be forgotten ${ALIVE_SECONDS} seconds after its last heartbeat.`,
      });
    const asker = { caller, requestId };
    const { binary, host } = service;
    await store.addAudit(auditLine(parts, asker, 'service.forget', service.id, { binary, host }));
    await store.removeService(service.id);
    return undefined;
  });

  serve(app, routes.events.list, async ({ query, scope, href }) => {
    const limit = limitOf(query);
    const { after = '0', resource, newest } = query;
    const last = newest === 'true';
    const events = await store.listEvents(scope, {
      after: Number(after),
      limit,
      newest: last,
      ...given({ resourceId: resource }),
    });
    // The last ones have nothing behind them.
    const more = last ? undefined : events.at(-1)?.sequence;
    if (more === undefined || events.length < limit)
      return { events: events.map(eventToWire), links: { next: null } };
    const search = new URLSearchParams({ limit: String(limit), after: String(more) });
    if (resource !== undefined) search.set('resource', resource);
    const next = `${href(routes.events.list.path)}?${search.toString()}`;
    return { events: events.map(eventToWire), links: { next } };
  });

  serve(app, routes.audit, async ({ query, view, href }) => {
    const limit = limitOf(query);
    const { user, action, resource, request, since, until } = query;
    const list = await store.listAudit(view, {
      limit,
      ...sortOf(query, AUDIT_SORT_KEYS),
      ...given({
        marker: query.marker,
        userId: user,
        action,
        resourceId: resource,
        requestId: request,
        since: since && momentOf(since, 'since'),
        until: until && momentOf(until, 'until'),
      }),
    });
    const links = nextLink(href(routes.audit.path), query, limit, list.at(-1)?.id, list.length);
    const lines = list.map(({ data, projectId: _project, ...line }) => ({
      ...snake(line),
      data: { ...data },
    }));
    return { audit: lines, links };
  });
}
