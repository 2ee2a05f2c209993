import { CSRF_HEADER, EVENT_STREAM_PATH } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasCsrfToken, type Sessions } from '../dashboard/sessions.ts';
import { redeemTicket, type TicketParts } from './tickets.ts';

/** By what a request shows who asks. */
export interface Shown {
  readonly token: string;
  /** A ticket is of one project; null: the token's own, or the path's. */
  readonly projectId: string | null;
  /** Whether it may still be used, whatever its token says. */
  readonly isGood: () => boolean;
  /** What to say when it is not good (any more). */
  readonly refusal: () => GutsError;
}

const SAFE: readonly string[] = ['GET', 'HEAD'];

function unauthorized(what: string): GutsError {
  return new GutsError('unauthorized', what, { remedy: 'Send a valid one in the header X-Auth-Token.' });
}

function signedOut(): GutsError {
  return new GutsError('unauthorized', 'the session has ended', {
    remedy: 'Sign in to the dashboard again.',
  });
}

/** A browser sends the cookie whoever made it ask; the token is known to the dashboard's own pages alone. */
function refuseForged(request: FastifyRequest, session: Parameters<typeof hasCsrfToken>[0]): void {
  const name = CSRF_HEADER.toLowerCase();
  const given = request.headers[name];
  if (SAFE.includes(request.method) || hasCsrfToken(session, given)) return;
  const what = given === undefined ? 'lacks' : 'is not of this session: its';
  throw new GutsError('forbidden', `a change with the dashboard's cookie ${what} ${CSRF_HEADER}`, {
    field: `headers.${name}`,
    remedy: `Send the csrf_token that GET /dashboard/session tells in the header ${CSRF_HEADER}.`,
  });
}

/**
 * A ticket on the event stream, else the token of the header, else the dashboard's cookie.
 * @throws GutsError `unauthorized`, `forbidden`
 */
export function shownBy(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: Sessions,
  tickets: TicketParts,
): Shown {
  const { ticket } = request.query as Readonly<Record<string, unknown>>;
  if (ticket !== undefined && request.routeOptions.url === EVENT_STREAM_PATH) {
    const allow = (origin: string): void => {
      const vary = String(reply.getHeader('vary') ?? '');
      void reply
        .header('access-control-allow-origin', origin)
        .header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    };
    const bound = redeemTicket(tickets, ticket, request, allow);
    return {
      ...bound,
      isGood: () => true,
      refusal: () => unauthorized('the token of the ticket is not valid any more'),
    };
  }
  const token = [request.headers['x-auth-token']].flat()[0];
  if (token !== undefined)
    return {
      token,
      projectId: null,
      isGood: () => true,
      refusal: () => unauthorized('the token is not valid'),
    };
  if (!sessions.isBrought(request)) throw unauthorized('the request has no token');
  const session = sessions.of(request);
  if (!session) throw signedOut();
  refuseForged(request, session);
  const isGood = (): boolean => sessions.isGood(session);
  return { token: session.token, projectId: null, isGood, refusal: signedOut };
}
