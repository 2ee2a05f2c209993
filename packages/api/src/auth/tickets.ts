import { type Clock, GutsError, type Log, type Secrets } from '@guts/core';
import type { FastifyRequest } from 'fastify';

/** How long a ticket opens streams; milliseconds. */
const LIFE_MS = 60_000;
/** What the seal is bound to. */
const CONTEXT = 'event stream ticket';

/** A token, sealed for one use of it: the event stream of one project, for pages of one origin. */
interface Ticket {
  readonly token: string;
  readonly projectId: string;
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface TicketParts {
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** @returns the sealed text, which any guts-api of the installation can open, and when it ends (ms since the epoch) */
export function makeTicket(
  { secrets, clock }: Pick<TicketParts, 'secrets' | 'clock'>,
  bound: Omit<Ticket, 'expiresAt'>,
): { readonly ticket: string; readonly expiresAt: number } {
  const expiresAt = clock.now() + LIFE_MS;
  return { ticket: secrets.seal({ ...bound, expiresAt }, CONTEXT), expiresAt };
}

function invalid(what: string): GutsError {
  return new GutsError('unauthorized', `the ticket ${what}`, {
    field: 'query.ticket',
    remedy: 'Get a new one: POST /v1/events/tickets. It opens streams for a minute.',
  });
}

function read({ secrets, log }: TicketParts, sealed: string): Ticket {
  try {
    const { token, projectId, origin, expiresAt } = secrets.open(sealed, CONTEXT) as Partial<Ticket>;
    if (typeof token === 'string' && typeof projectId === 'string' && typeof origin === 'string')
      return { token, projectId, origin, expiresAt: Number(expiresAt) };
  } catch (error) {
    // Sealed by a key that was retired, or made up.
    if (!(error instanceof GutsError) || error.code !== 'configuration') throw error;
    log.debug({ err: error }, 'a ticket does not open');
  }
  throw invalid('is not valid');
}

/**
 * What a ticket stands for, when the page that shows it is one that it was made for. A browser that names no origin asks
 * for a page of our own origin, or cannot read what it gets.
 * @param allow called with the origin that may read the answer, be it an error
 * @throws GutsError `unauthorized`: tampered with, or too old; `forbidden`: for another origin
 */
export function redeemTicket(
  parts: TicketParts,
  sealed: unknown,
  { headers }: Pick<FastifyRequest, 'headers'>,
  allow: (origin: string) => void,
): Pick<Ticket, 'token' | 'projectId'> {
  if (typeof sealed !== 'string') throw invalid('is given more than once');
  const ticket = read(parts, sealed);
  const site = headers['sec-fetch-site'];
  const fits =
    headers.origin === undefined
      ? site === undefined || site === 'same-origin'
      : headers.origin === ticket.origin;
  if (!fits)
    throw new GutsError('forbidden', 'the ticket is for pages of another origin', {
      field: 'headers.origin',
      remedy: 'Get one for the origin of the page that opens the stream: POST /v1/events/tickets.',
    });
  allow(ticket.origin);
  if (!(parts.clock.now() < ticket.expiresAt)) throw invalid('is too old');
  return { token: ticket.token, projectId: ticket.projectId };
}
