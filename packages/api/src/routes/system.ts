import { routes } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { audit } from '../audit.ts';
import { limitOf, nextLink } from '../paging.ts';
import { serve } from '../serve.ts';
import { serviceToWire } from '../wire/records.ts';
import { snake } from '../wire/snake.ts';

const ALIVE_SECONDS = 30;

export function systemRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;

  serve(app, routes.services.list, 'reader', async () => ({
    services: (await store.listServices(ALIVE_SECONDS)).map(serviceToWire),
  }));

  serve(app, routes.services.update, 'admin', async ({ params, body, caller, requestId }) => {
    const service = await store.setServiceDisabled(params.id, body.disabled, body.reason ?? null);
    if (!service) throw new GutsError('not_found', `there is no service ${params.id}`);
    await audit(parts, caller, requestId, body.disabled ? 'service.disable' : 'service.enable', params.id, {
      reason: body.reason ?? null,
    });
    return { service: serviceToWire(service) };
  });

  serve(app, routes.audit, 'admin', async ({ query, scope }) => {
    const limit = limitOf(query);
    const list = await store.listAudit(scope, {
      limit,
      ...(query.marker === undefined ? {} : { marker: query.marker }),
    });
    const links = nextLink(routes.audit.path, query, limit, list.at(-1)?.id, list.length);
    const lines = list.map(({ data, projectId: _project, ...line }) => ({
      ...snake(line),
      data: { ...data },
    }));
    return { audit: lines, links };
  });
}
