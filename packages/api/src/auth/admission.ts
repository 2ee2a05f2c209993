import { DASHBOARD_PATH } from '@guts/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import type { Caller } from '../authenticator.ts';
import { RateLimit } from '../bounds/rate-limit.ts';
import type { Sessions } from '../dashboard/sessions.ts';
import { isLoopback, METRICS_PATH } from '../metrics.ts';
import { inProject } from '../protocol/path-project.ts';
import { ANY_PROJECT_RULE } from './default-rules.ts';
import { type Shown, shownBy } from './shown.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    /** What the caller was let in by; null: by nothing. */
    shown: Shown | null;
    /** Whether the caller may do what a rule of the policy is about; throws GutsError `forbidden`. */
    permit: ((rule: string) => void) | null;
    /** The same, asked. */
    may: ((rule: string) => boolean) | null;
    /** For answers that last: throws as the request would be refused if it came now. */
    admitAgain: (() => Promise<void>) | null;
  }
  interface FastifyContextConfig {
    /** Answered without a token. */
    readonly open?: boolean;
  }
}

/** Answered without a token. */
const OPEN_PATHS: readonly string[] = ['/', '/v1', '/v1/', '/healthcheck', '/v1/openapi.json', '/v1/docs'];

type Admitted = Required<{ [K in 'caller' | 'permit' | 'may']: NonNullable<FastifyRequest[K]> }>;

/** Who asks, in the project of the ticket or the path, when the policy serves them. @throws GutsError `forbidden` */
function authorise(
  { policy }: Pick<ApiParts, 'policy'>,
  request: FastifyRequest,
  { projectId }: Shown,
  caller: Caller,
): Admitted {
  const anywhere = policy.allows(ANY_PROJECT_RULE, caller, caller);
  const named = request.projectInPath;
  const acting =
    projectId === null
      ? inProject(caller, named, anywhere)
      : inProject(inProject(caller, projectId, anywhere), named, false);
  // Judged as the token makes the caller, on the project in which it would be done.
  const may = (rule: string): boolean => policy.allows(rule, caller, acting);
  const permit = (rule: string): void => policy.require(rule, caller, acting);
  if (!request.is404) permit(request.routeOptions.config.rule ?? `none of ${request.routeOptions.url}`);
  return { caller: acting, permit, may };
}

function isOpen(request: FastifyRequest, metricsOpen: boolean): boolean {
  const [path = ''] = request.url.split('?');
  if (OPEN_PATHS.includes(path) || request.routeOptions.config.open === true) return true;
  // What the dashboard's paths do not take is said to anybody, too.
  if (request.is404 && path.startsWith(DASHBOARD_PATH)) return true;
  return metricsOpen && path === METRICS_PATH && isLoopback(request);
}

/** Lets in whom the token and the policy let in, as often as the rate allows. */
export function admission(
  app: FastifyInstance,
  parts: Pick<ApiParts, 'authenticate' | 'policy' | 'clock' | 'secrets' | 'log'>,
  sessions: Sessions,
  { requestsPerMinute, metricsOpen }: { readonly requestsPerMinute: number; readonly metricsOpen: boolean },
): void {
  const rate = new RateLimit(requestsPerMinute, parts.clock);
  /** @throws GutsError `unauthorized`, `forbidden`, `identity_unavailable` */
  const whoShows = async ({ token, refusal }: Shown): Promise<Caller> => {
    const caller = await parts.authenticate(token);
    if (!caller) throw refusal();
    return caller;
  };
  app.decorateRequest('caller', null);
  app.decorateRequest('shown', null);
  app.decorateRequest('permit', null);
  app.decorateRequest('may', null);
  app.decorateRequest('admitAgain', null);
  app.addHook('onRequest', async (request, reply) => {
    const address = `address ${request.ip}`;
    if (isOpen(request, metricsOpen)) return rate.take(address);
    // Who guesses tokens is not let ask for more: before anybody is asked about the next one.
    rate.check(address);
    let shown: Shown;
    let caller: Caller;
    try {
      shown = shownBy(request, reply, sessions, parts);
      caller = await whoShows(shown);
    } catch (error) {
      rate.take(address);
      throw error;
    }
    rate.take(`user ${caller.userId ?? ''} of ${caller.projectId ?? 'the system'}`);
    request.shown = shown;
    Object.assign(request, authorise(parts, request, shown, caller));
    request.admitAgain = async () => {
      if (!shown.isGood()) throw shown.refusal();
      authorise(parts, request, shown, await whoShows(shown));
    };
  });
}
