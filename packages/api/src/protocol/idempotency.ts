import { createHash } from 'node:crypto';
import { GutsError, type KeyOwner } from '@guts/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { type Caller, ownProject } from '../authenticator.ts';
import { explain } from '../errors.ts';
import { freshIds, type Ids, idsFrom } from './ids.ts';

/**
 * A request that was not answered is taken over after that: longer than the API works on one (handlerTimeout), so that
 * whoever had it is dead; seconds.
 */
const PATIENCE_SECONDS = 120;
const HEADER = 'idempotency-key';

/** Serves a request that creates, once per key. */
export type Keyed = (
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
  status: number,
  work: (ids: Ids) => Promise<unknown>,
) => Promise<unknown>;

/** JSON with the fields of every object in one order: the same request, however a client writes it. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  );
}

function digestOf({ method, url, body }: FastifyRequest): string {
  const [path = ''] = url.split('?');
  return createHash('sha256')
    .update(`${method} ${path}\n${JSON.stringify(canonical(body))}`)
    .digest('base64');
}

function keyOf(request: FastifyRequest): string | null {
  const given = request.headers[HEADER];
  if (given === undefined) return null;
  const key = [given].flat().join(',');
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new GutsError('bad_request', 'Idempotency-Key must be 1 to 255 printable characters without blanks', {
    field: `headers.${HEADER}`,
    remedy: 'A UUID is a good one.',
  });
}

/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same key with the same request gives the
 * first answer again, with another request it is refused. The key is recorded with the ids of what will be made before
 * anything is; a request that was cut off is so taken over and makes nothing twice. What was refused leaves no trace.
 */
export function keyedRequests({ store, secrets, newId, log }: ApiParts): Keyed {
  return async (request, reply, caller, status, work) => {
    const key = keyOf(request);
    if (key === null) return work(freshIds(newId));
    const owner: KeyOwner = { projectId: ownProject(caller), userId: caller.userId, key };
    // Sealed: a body may hold a password, and a bare digest of it could be guessed.
    const context = `idempotency:${owner.projectId}`;
    const digest = digestOf(request);
    const first = { baseId: newId(), sealedDigest: secrets.seal({ digest }, context) };
    const found = await store.takeKey(owner, first, PATIENCE_SECONDS);
    if (secrets.open(found.sealedDigest, context)['digest'] !== digest) {
      if (found.taken) await store.dropKey(owner, false);
      throw new GutsError('idempotency_mismatch', 'this Idempotency-Key was used for another request', {
        field: `headers.${HEADER}`,
        remedy: 'Use a new key for a new request; send the very same body to get the first answer again.',
      });
    }
    if (found.answer) {
      void reply.header('idempotency-replayed', 'true');
      return found.answer.body;
    }
    if (!found.taken)
      throw new GutsError('conflict', 'the first request with this Idempotency-Key is not answered yet', {
        field: `headers.${HEADER}`,
        remedy: `Send it again in a few seconds; one that was cut off is taken over after ${PATIENCE_SECONDS} s.`,
      });
    let finished = true;
    try {
      const body = await work(idsFrom(found.baseId, found.resumed, () => (finished = false)));
      if (finished) await store.answerKey(owner, { status, body });
      else await store.dropKey(owner, false);
      return body;
    } catch (error) {
      const refused = explain(error, log).status < 500;
      await store.dropKey(owner, refused).catch((cause: unknown) => {
        // It stays as it is, and is taken over later.
        log.warn({ err: cause, request_id: request.id }, 'an idempotency key could not be given up');
      });
      throw error;
    }
  };
}
