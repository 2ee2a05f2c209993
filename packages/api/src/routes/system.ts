import { routes, type Static } from '@guts/contract';
import { AUDIT_SORT_KEYS, GutsError, type Service } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import { ALIVE_SECONDS } from '../fresh.ts';
import { given, limitOf, momentOf, nextLink, sortOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { slotsUsed } from '../slots-used.ts';
import { eventToWire, serviceToWire } from '../wire/records.ts';
import { snake } from '../wire/snake.ts';

/** @throws GutsError `bad_request` */
function checkChange({
  disabled,
  drain = false,
  reason,
  bytes_per_second_limit: limit,
}: Static<typeof routes.services.update.body>): void {
  if (disabled === undefined && limit === undefined)
    throw new GutsError('bad_request', 'nothing is to be changed', {
      field: 'body',
      remedy: 'Give disabled, or bytes_per_second_limit.',
    });
  if (disabled === true && (reason ?? '').trim() === '')
    throw new GutsError('bad_request', 'to disable a daemon needs a reason', {
      field: 'body.reason',
      remedy: 'Say why: the next who looks will want to know.',
    });
  if (disabled !== true && (drain || reason !== undefined))
    throw new GutsError('bad_request', 'only disabling takes drain and reason', {
      field: drain ? 'body.drain' : 'body.reason',
      remedy: 'Leave it out unless the daemon is to be disabled.',
    });
}

export function systemRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  const serviceOf = async (wanted: string): Promise<Service | null> =>
    (await store.listServices(ALIVE_SECONDS)).find(({ id }) => id === wanted) ?? null;

  serve(app, routes.services.list, async () => {
    const [services, used] = await Promise.all([store.listServices(ALIVE_SECONDS), slotsUsed(store)]);
    return { services: services.map((one) => serviceToWire(one, used.get(one.id) ?? 0)) };
  });

  serve(app, routes.services.update, async ({ params, body, caller, requestId }) => {
    const { disabled, bytes_per_second_limit: limit } = body;
    checkChange(body);
    const tell = (action: string, data: Readonly<Record<string, unknown>>): Promise<void> =>
      store.addAudit(auditLine(parts, { caller, requestId }, action, params.id, data));
    let service: Service | null = null;
    const found = (one: Service | null): Service => {
      if (one) return one;
      throw new GutsError('not_found', `there is no service ${params.id}`);
    };
    if (limit !== undefined) {
      const { binary } = found(await serviceOf(params.id));
      if (binary !== 'guts-migration')
        throw new GutsError('conflict', `${params.id} is a ${binary}, which copies nothing`, {
          field: 'body.bytes_per_second_limit',
          remedy: 'Limit a guts-migration.',
        });
      service = found(await store.setServiceLimit(params.id, limit));
      await tell('service.limit', { bytes_per_second_limit: limit });
    }
    if (disabled !== undefined) {
      const { drain = false, reason = null } = body;
      service = found(await store.setServiceDisabled(params.id, { disabled, draining: drain, reason }));
      await tell(disabled ? 'service.disable' : 'service.enable', disabled ? { drain, reason } : {});
    }
    const changed = found(service);
    return { service: serviceToWire(changed, (await slotsUsed(store)).get(changed.id) ?? 0) };
  });

  serve(app, routes.services.remove, async ({ params, caller, requestId }) => {
    const service = await serviceOf(params.id);
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
