import { GutsError } from '@guts/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import type { Caller } from '../authenticator.ts';
import { RateLimit } from '../bounds/rate-limit.ts';
import { isLoopback, METRICS_PATH } from '../metrics.ts';
import { inProjectOfPath } from '../protocol/path-project.ts';
import { ANY_PROJECT_RULE } from './default-rules.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    /** Whether the caller may do what a rule of the policy is about; throws GutsError `forbidden`. */
    permit: ((rule: string) => void) | null;
    /** For answers that last: throws as the request would be refused if it came now. */
    admitAgain: (() => Promise<void>) | null;
  }
}

/** Answered without a token. */
const OPEN_PATHS: readonly string[] = ['/', '/v1', '/v1/', '/healthcheck', '/v1/openapi.json', '/v1/docs'];

type Admitted = Required<{ [K in 'caller' | 'permit']: NonNullable<FastifyRequest[K]> }>;

/** Who asks, in the project of the path, when the policy serves them. @throws GutsError `forbidden` */
function authorise({ policy }: Pick<ApiParts, 'policy'>, request: FastifyRequest, caller: Caller): Admitted {
  const anywhere = policy.allows(ANY_PROJECT_RULE, caller, caller);
  const acting = inProjectOfPath(caller, request.originalUrl, anywhere);
  // Judged as the token makes the caller, on the project in which it would be done.
  const permit = (rule: string): void => policy.require(rule, caller, acting);
  if (!request.is404) permit(request.routeOptions.config.rule ?? `none of ${request.routeOptions.url}`);
  return { caller: acting, permit };
}

function unauthorized(token: string | null): GutsError {
  const what = token === null ? 'the request has no token' : 'the token is not valid';
  return new GutsError('unauthorized', what, { remedy: 'Send a valid one in the header X-Auth-Token.' });
}

/** Lets in whom the token and the policy let in, as often as the rate allows. */
export function admission(
  app: FastifyInstance,
  parts: Pick<ApiParts, 'authenticate' | 'policy' | 'clock'>,
  { requestsPerMinute, metricsOpen }: { readonly requestsPerMinute: number; readonly metricsOpen: boolean },
): void {
  const rate = new RateLimit(requestsPerMinute, parts.clock);
  app.decorateRequest('caller', null);
  app.decorateRequest('permit', null);
  app.decorateRequest('admitAgain', null);
  app.addHook('onRequest', async (request) => {
    const [path = ''] = request.url.split('?');
    const address = `address ${request.ip}`;
    if (OPEN_PATHS.includes(path) || (metricsOpen && path === METRICS_PATH && isLoopback(request)))
      return rate.take(address);
    // Who guesses tokens is not let ask for more: before anybody is asked about the next one.
    rate.check(address);
    const token = [request.headers['x-auth-token']].flat()[0] ?? null;
    const caller = await parts.authenticate(token).catch((error: unknown) => {
      rate.take(address);
      throw error;
    });
    if (!caller) {
      rate.take(address);
      throw unauthorized(token);
    }
    rate.take(`user ${caller.userId ?? ''} of ${caller.projectId ?? 'the system'}`);
    Object.assign(request, authorise(parts, request, caller));
    request.admitAgain = async () => {
      const still = await parts.authenticate(token);
      if (!still) throw unauthorized(token);
      authorise(parts, request, still);
    };
  });
}
