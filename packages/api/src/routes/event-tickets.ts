import { routes } from '@guts/contract';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { EVENT_STREAM_RULE } from '../auth/default-rules.ts';
import { makeTicket } from '../auth/tickets.ts';
import { serve } from '../serve.ts';

/** Tickets for the event stream: a page of another host, such as Horizon's, opens it without having a token. */
export function eventTicketRoute(app: FastifyInstance, parts: ApiParts): void {
  serve(app, routes.events.ticket, ({ body, scope, token, permit }) => {
    permit(EVENT_STREAM_RULE);
    const { ticket, expiresAt } = makeTicket(parts, {
      token,
      projectId: scope.projectId,
      origin: body.origin,
    });
    return Promise.resolve({ ticket, expires_at: new Date(expiresAt).toISOString() });
  });
}
