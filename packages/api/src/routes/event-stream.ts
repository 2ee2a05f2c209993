import { EVENT_STREAM_PATH } from '@guts/contract';
import { GutsError, type ProjectScope } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { callerOf } from '../serve.ts';
import { eventToWire } from '../wire/records.ts';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const BATCH = 200;

async function* events(
  { store, clock }: ApiParts,
  scope: ProjectScope,
  start: number,
  resourceId: string | null,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let after = start;
  let said = clock.monotonic();
  yield ': guts\n\n';
  while (!signal.aborted) {
    const batch = await store.listEvents(scope, {
      after,
      limit: BATCH,
      ...(resourceId === null ? {} : { resourceId }),
    });
    for (const event of batch) {
      after = event.sequence;
      said = clock.monotonic();
      yield `id: ${event.sequence}\ndata: ${JSON.stringify(eventToWire(event))}\n\n`;
    }
    if (clock.monotonic() - said > HEARTBEAT_MS) {
      said = clock.monotonic();
      yield ': alive\n\n';
    }
    if (batch.length === 0) {
      try {
        await clock.sleep(POLL_MS, signal);
      } catch {
        return; // the listener went away, or the API stops
      }
    }
  }
}

/** Server-sent events (WHATWG HTML, section 9.2). A client that comes back names the last one it saw. */
export function eventStreamRoute(app: FastifyInstance, parts: ApiParts, stopping: AbortSignal): void {
  app.get(EVENT_STREAM_PATH, { schema: { hide: true } }, async (request, reply) => {
    const { projectId } = callerOf(request);
    const query = request.query as Readonly<Record<string, string | undefined>>;
    const last = [request.headers['last-event-id']].flat()[0];
    const after = Number(last ?? query['after'] ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      throw new GutsError('bad_request', 'after must be a sequence number', { field: 'querystring.after' });
    const gone = new AbortController();
    request.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    void reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-openstack-request-id': request.id,
    });
    try {
      for await (const text of events(parts, { projectId }, after, query['resource_id'] ?? null, signal)) {
        if (!reply.raw.write(text)) {
          await new Promise<void>((resolve) => {
            reply.raw.once('drain', resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      }
    } catch (error) {
      parts.log.error({ err: error, request_id: request.id }, 'an event stream broke');
    } finally {
      reply.raw.end();
    }
  });
}
