import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { ErrorBody, EVENT_STREAM_PATH } from '@guts/contract';
import { GutsError, type GutsEvent, type ProjectScope } from '@guts/core';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { EVENT_STREAM_RULE } from '../auth/default-rules.ts';
import { ownProject } from '../authenticator.ts';
import { admitAgainOf, callerOf } from '../serve.ts';
import { eventToWire } from '../wire/records.ts';
import { Progress } from './event-progress.ts';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const BATCH = 200;
/** How often it is asked whether the listener would still be let in. */
const ADMISSION_MS = 5_000;

const schema: FastifySchema & { description: string } = {
  summary: 'Tells what happens, as it happens',
  description:
    'Server-sent events: `id` is the sequence, `data` an event as JSON. The header Last-Event-ID wins over `after`. With `progress` there are also events of the type `progress` without an id, at most one a second: `data` is `{"migrations": {ID: [disk, …]}}`, as `GET /v1/migrations/ID/disks` has disks, those whose progress changed.',
  operationId: 'events.stream',
  tags: ['events'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      after: { type: 'string', pattern: '^[0-9]{1,15}$', description: 'only events after this sequence' },
      ticket: {
        type: 'string',
        maxLength: 14_000,
        description: 'of POST /v1/events/tickets, instead of a token: for pages of the origin that it is for',
      },
      resource_id: { type: 'string', minLength: 1, maxLength: 64, description: 'only events of this one' },
      progress: { type: 'string', enum: ['true', 'false'], description: 'also how far disks are' },
    },
  },
  produces: ['text/event-stream'],
  response: {
    200: { description: 'the stream', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    default: { description: 'an error', content: { 'application/json': { schema: ErrorBody } } },
  },
};

/** Null: still admitted. @throws what is no refusal */
async function refusalOf(admitAgain: () => Promise<void>): Promise<GutsError | null> {
  try {
    await admitAgain();
    return null;
  } catch (error) {
    if (error instanceof GutsError) return error;
    throw error;
  }
}

async function* events(
  { store, clock }: ApiParts,
  scope: ProjectScope,
  start: number,
  resourceId: string | undefined,
  progress: Progress | null,
  admitAgain: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let after = start;
  let said = clock.monotonic();
  let admitted = said;
  yield ': guts\n\n';
  while (!signal.aborted) {
    if (clock.monotonic() - admitted >= ADMISSION_MS) {
      admitted = clock.monotonic();
      const refusal = await refusalOf(admitAgain);
      // Who comes back is told by status, with what to do.
      if (refusal) {
        yield `: ${refusal.code}: the stream ends\n\n`;
        return;
      }
    }
    const query = { after, limit: BATCH, ...(resourceId === undefined ? {} : { resourceId }) };
    const batch = await store.listEvents(scope, query).catch((error: unknown): readonly GutsEvent[] => {
      // It comes back, and the stream goes on where it was: no reason to send every listener away.
      if (error instanceof GutsError && error.code === 'database_unavailable') return [];
      throw error;
    });
    for (const event of batch) {
      after = event.sequence;
      said = clock.monotonic();
      yield `id: ${event.sequence}\ndata: ${JSON.stringify(eventToWire(event))}\n\n`;
    }
    const moved = await progress?.next(resourceId);
    if (moved) {
      said = clock.monotonic();
      yield `event: progress\ndata: ${JSON.stringify(moved)}\n\n`;
    }
    if (clock.monotonic() - said > HEARTBEAT_MS) {
      said = clock.monotonic();
      yield ': alive\n\n';
    }
    if (batch.length === 0) await clock.sleep(POLL_MS, signal);
  }
}

/** Server-sent events (WHATWG HTML, section 9.2). A client that comes back names the last one it saw. */
export function eventStreamRoute(app: FastifyInstance, parts: ApiParts, stopping: AbortSignal): void {
  // Without HEAD: that answer has no body, so that its stream would never notice that nobody listens.
  const config = { rule: EVENT_STREAM_RULE };
  app.get(EVENT_STREAM_PATH, { schema, config, exposeHeadRoute: false }, async (request, reply) => {
    const projectId = ownProject(callerOf(request));
    const admitAgain = admitAgainOf(request);
    const query = request.query as Readonly<Partial<Record<'after' | 'resource_id' | 'progress', string>>>;
    const last = [request.headers['last-event-id']].flat()[0];
    const after = Number(last ?? query.after ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      throw new GutsError('bad_request', 'Last-Event-ID must be a sequence number', {
        field: 'headers.last-event-id',
      });
    const gone = new AbortController();
    request.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    void reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    try {
      const scope = { projectId };
      const progress = query.progress === 'true' ? new Progress(parts, scope) : null;
      const { resource_id: resourceId } = query;
      for await (const text of events(parts, scope, after, resourceId, progress, admitAgain, signal))
        if (!reply.raw.write(text)) await once(reply.raw, 'drain', { signal });
    } catch (error) {
      // Aborted: the listener went away, or the API stops.
      if (!signal.aborted) parts.log.error({ err: error, request_id: request.id }, 'an event stream broke');
    } finally {
      reply.raw.end();
    }
  });
}
