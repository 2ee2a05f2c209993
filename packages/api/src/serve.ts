import { ErrorBody, nameOf, type Route, type Static, type TObject, type TSchema } from '@guts/contract';
import { GutsError, type ProjectScope } from '@guts/core';
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import { type Caller, ownProject } from './authenticator.ts';
import { ruleOf } from './auth/default-rules.ts';
import { hrefOf, originOf } from './protocol/address.ts';
import type { Keyed } from './protocol/idempotency.ts';
import { freshIds, type Ids } from './protocol/ids.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Where clients reach this API; null: as each request says. */
    readonly publicUrl: string | null;
    readonly keyed: Keyed;
  }
  interface FastifyRequest {
    /** The project that the path names, as it was written; null: none. */
    projectInPath: string | null;
  }
  interface FastifyContextConfig {
    /** The policy's rule that decides who is served. */
    readonly rule?: string;
  }
}

type Of<S> = S extends TSchema ? Static<S> : undefined;

/** One project, and never all. */
export interface OwnScope {
  readonly projectId: string;
}

/** What a handler gets. */
export interface Context<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  /** The project in which the caller acts; reading it throws GutsError `bad_request` when there is none. */
  readonly scope: OwnScope;
  /** The same for what may be told of all projects at once: who acts in none is told of all. */
  readonly view: ProjectScope;
  readonly requestId: string;
  /** Asks the policy for more than the route's own rule. @throws GutsError `forbidden` */
  readonly permit: (rule: string) => void;
  /** Whether the policy would allow it. */
  readonly may: (rule: string) => boolean;
  /** The token that the request was let in by: neither to be stored nor told. */
  readonly token: string;
  /** Where this client reaches us, without a slash at the end; empty when it did not say. */
  readonly origin: string;
  /** A path of ours as this client is to be told it. */
  readonly href: (path: string) => string;
  /** Of what is made. */
  readonly ids: Ids;
  /** Answers with the route's other status. */
  readonly otherwise: () => void;
}

const CREATION_HEADERS = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      description:
        'chosen by the client, such as a UUID; the same request sent again with it within a day creates nothing again',
    },
  },
};

export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new GutsError('internal', 'a route was served without authentication');
  return request.caller;
}

function admitted({ permit, may, shown }: FastifyRequest) {
  if (!permit || !may || !shown) throw new GutsError('internal', 'a route was served without authorisation');
  return { permit, may, token: shown.token };
}

export function admitAgainOf(request: FastifyRequest): () => Promise<void> {
  if (!request.admitAgain) throw new GutsError('internal', 'a route was served without authentication');
  return request.admitAgain;
}

/** What the OpenAPI document says of a route's name and answers. */
export function describe(
  route: Pick<
    Route,
    'method' | 'path' | 'summary' | 'tag' | 'status' | 'otherStatus' | 'answer' | 'refusesUnsupported'
  >,
): FastifySchema & { response: Record<string, object> } {
  const answer = route.answer
    ? { ...route.answer, description: 'done' }
    : { type: 'null', description: 'done; there is nothing to tell' };
  return {
    operationId: nameOf(route),
    summary: route.summary,
    tags: [route.tag],
    response: {
      [route.status]: answer,
      ...(route.otherStatus === undefined ? {} : { [route.otherStatus]: answer }),
      ...(route.refusesUnsupported
        ? { 501: { ...ErrorBody, description: 'what is asked for is not done by this version' } }
        : {}),
      default: { ...ErrorBody, description: 'an error' },
    },
  };
}

/** Serves one route of the contract to whom the policy's rule of it allows. */
export function serve<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | null,
  A extends TSchema | null,
>(
  app: FastifyInstance,
  route: Omit<Route, 'params' | 'query' | 'body' | 'answer'> & { params: P; query: Q; body: B; answer: A },
  handler: (context: Context<Static<P>, Static<Q>, Of<B>>) => Promise<Of<A>>,
): void {
  const schema: FastifySchema = {
    ...describe(route),
    params: route.params,
    querystring: route.query,
    ...(route.body ? { body: route.body } : {}),
    ...(route.creates ? { headers: CREATION_HEADERS } : {}),
  };
  app.route({
    method: route.method,
    url: route.path,
    schema,
    config: { rule: ruleOf(route) },
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    handler: async (request, reply) => {
      const caller = callerOf(request);
      let { status } = route;
      const { projectId } = caller;
      const context = (ids: Ids): Context<Static<P>, Static<Q>, Of<B>> => ({
        params: request.params as Static<P>,
        query: request.query as Static<Q>,
        body: request.body as Of<B>,
        caller,
        get scope() {
          return { projectId: ownProject(caller) };
        },
        view: { projectId },
        requestId: request.id,
        get permit() {
          return admitted(request).permit;
        },
        get may() {
          return admitted(request).may;
        },
        get token() {
          return admitted(request).token;
        },
        origin: originOf(request, app.publicUrl),
        href: (path: string) => hrefOf(request, app.publicUrl, path),
        otherwise: () => {
          status = route.otherStatus ?? status;
        },
        ids,
      });
      const answer = route.creates
        ? await app.keyed(request, reply, caller, route.status, (ids) => handler(context(ids)))
        : await handler(context(freshIds(() => '')));
      return reply.code(status).send(answer);
    },
  });
}
