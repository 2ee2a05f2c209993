import { DASHBOARD_SESSION_PATH, DashboardLogin, type DashboardSession, routes } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import { Turns } from '../auth/turns.ts';
import { RateLimit } from '../bounds/rate-limit.ts';
import { serve } from '../serve.ts';
import { type Asker, LoginAudit, wayOf } from './login-audit.ts';
import { type DashboardLogins, type GotToken, loginKinds } from './logins.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { OPEN } from './page-routes.ts';
import type { Session, Sessions } from './sessions.ts';

/** Attempts to sign in from one address per minute: Keystone, and who guesses, are spared the rest. */
const LOGINS_PER_MINUTE = 60;
/** Of those, asked of Keystone at once, and how many more wait. */
const AT_ONCE = 8;
const WAITING = 64;
/** How long a session by a link lasts: a screen is left open over a night. */
const LINK_SESSION_MS = 24 * 3600_000;

/**
 * Pages of other hosts could not read the answer, but make a browser ask: none of theirs is served. Browsers say where
 * a request comes from (Fetch Metadata, section 2.3), and other clients have no cookies that others may use.
 * @throws GutsError `forbidden`
 */
function refuseOtherSites({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new GutsError('forbidden', 'the request comes from a page of another host', {
    remedy: 'Sign in and out on the dashboard itself.',
  });
}

interface LetIn {
  readonly got: GotToken;
  /** Id of the link that signed in; null: it was none. */
  readonly link: string | null;
}

/** @throws GutsError `bad_request`: a way that is not offered here; `unauthorized`, `identity_unavailable` */
async function letIn(
  body: DashboardLogin,
  logins: DashboardLogins,
  links: OneTimeLinks,
  { clock }: Pick<ApiParts, 'clock'>,
): Promise<LetIn> {
  const { password, application_credential: credential, link } = body;
  if (logins.by === 'keystone') {
    if (password) {
      const got = await logins.keystone.byPassword({
        user: password.user,
        userDomain: password.user_domain ?? null,
        password: password.password,
        project: password.project,
        projectDomain: password.project_domain ?? null,
      });
      return { got, link: null };
    }
    if (credential) return { got: await logins.keystone.byApplicationCredential(credential), link: null };
  } else if (link) {
    const used = await links.redeem(link.code);
    if (used === null)
      throw new GutsError('unauthorized', 'the link was used already, or is too old', {
        remedy: 'Get a new one: guts dashboard, on the host of guts-api.',
      });
    const expiresAt = clock.now() + LINK_SESSION_MS;
    return { got: { token: logins.token, expiresAt, userName: null, projectName: null }, link: used };
  }
  throw new GutsError('bad_request', `one cannot sign in here by ${Object.keys(body).join()}`, {
    field: 'body',
    remedy: `Sign in by ${loginKinds(logins).join(' or ')}.`,
  });
}

/** Who is signed in to the dashboard, signing in, and out. */
export function dashboardSessionRoutes(
  app: FastifyInstance,
  parts: ApiParts,
  sessions: Sessions,
  { logins, links }: { readonly logins: DashboardLogins; readonly links: OneTimeLinks },
): void {
  const { authenticate, clock, log } = parts;
  const rate = new RateLimit(LOGINS_PER_MINUTE, clock);
  const turns = new Turns(AT_ONCE, WAITING);
  const audit = new LoginAudit(parts, logins.by);
  const askerOf = ({ id, ip }: FastifyRequest): Asker => ({ requestId: id, address: ip });
  const login = loginKinds(logins);
  const url = DASHBOARD_SESSION_PATH;
  const schema = { hide: true };

  /** Null: its token is not good any more. */
  const told = async (session: Session): Promise<DashboardSession['session']> => {
    const caller = await authenticate(session.token);
    return (
      caller && {
        user_id: caller.userId,
        user_name: session.userName,
        project_id: caller.projectId,
        project_name: session.projectName,
        roles: [...caller.roles],
        expires_at: new Date(session.expiresAt).toISOString(),
        csrf_token: session.csrfToken,
      }
    );
  };
  const answer = (reply: FastifyReply, session: DashboardSession['session']): FastifyReply => {
    const body: DashboardSession = { login: [...login], session };
    return reply.send(body);
  };

  app.get(url, { schema, config: OPEN }, async (request, reply) => {
    const session = sessions.of(request);
    const known = session && (await told(session));
    if (!known && sessions.isBrought(request)) void reply.header('set-cookie', sessions.clearCookie);
    return answer(reply, known);
  });

  const takes = { ...schema, body: DashboardLogin };
  app.post(url, { schema: takes, config: OPEN }, async (request, reply) => {
    refuseOtherSites(request);
    rate.take(request.ip);
    const asker = askerOf(request);
    const body = request.body as DashboardLogin;
    const begin = async () => {
      const { got, link } = await turns.run(() => letIn(body, logins, links, parts));
      const { session, setCookie } = sessions.begin(got);
      const known = await told(session);
      if (!known) throw new GutsError('unauthorized', 'the token that was got is not valid here');
      return { session, setCookie, known, link };
    };
    const { session, setCookie, known, link } = await begin().catch(async (error: unknown) => {
      await audit.refused(asker, wayOf(body), error);
      throw error;
    });
    await audit.signedIn(asker, session, known, { by: wayOf(body), link });
    log.info(
      { request_id: request.id, address: request.ip, user: known.user_id, project: known.project_id },
      'signed in to the dashboard',
    );
    void reply.header('set-cookie', setCookie);
    return answer(reply, known);
  });

  app.delete(url, { schema, config: OPEN }, async (request, reply) => {
    refuseOtherSites(request);
    const session = sessions.of(request);
    if (session) {
      sessions.end(session);
      await audit.signedOut(askerOf(request), session);
      if (logins.by === 'keystone')
        await logins.keystone.revoke(session.token).catch((error: unknown) => {
          // Nobody can use the cookie here any more; the token ends by itself.
          log.warn({ err: error, request_id: request.id }, 'a token could not be revoked');
        });
    }
    return reply.code(204).header('set-cookie', sessions.clearCookie).send();
  });

  serve(app, routes.dashboard.link, async ({ origin, caller, requestId }) => {
    if (logins.by === 'keystone')
      throw new GutsError('conflict', 'callers are known by Keystone here: there are no links to sign in', {
        remedy: `Open ${origin}/dashboard/ and sign in with user and password, or an application credential.`,
      });
    const { id, path, expiresAt } = links.issue();
    const end = new Date(expiresAt).toISOString();
    await parts.store.addAudit(
      auditLine(parts, { caller, requestId }, 'dashboard.link', id, { expires_at: end }),
    );
    return { url: `${origin}${path}`, expires_at: end };
  });
}
