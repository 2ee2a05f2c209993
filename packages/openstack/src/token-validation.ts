import { ProtocolError } from './errors.ts';
import { apiError, readFault } from './faults.ts';
import { type HttpClient, readText } from './transport/http.ts';

/** What a token lets its bearer work on. */
export type TokenScope =
  | { readonly kind: 'project'; readonly id: string; readonly name: string; readonly domainId: string }
  | { readonly kind: 'system' }
  | { readonly kind: 'domain'; readonly id: string }
  | { readonly kind: 'unscoped' };

/** A token as Keystone knows it at this moment. */
export interface ValidToken {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly user: { readonly id: string; readonly name: string };
  readonly scope: TokenScope;
  /** Names of the roles that the user has in that scope. */
  readonly roles: readonly string[];
}

/** Under `{config.authUrl}`, with or without its `/v3`. */
export function identityUrl(authUrl: string, path: string): URL {
  const base = authUrl.replace(/\/+$/, '');
  return new URL(`${base.endsWith('/v3') ? base : `${base}/v3`}${path}`);
}

/**
 * Keystone v3 "Validate and show information for token": `GET /v3/auth/tokens`, the token in `X-Subject-Token`, that
 * of the service user in `X-Auth-Token`, `nocatalog` to be spared the catalog (Identity API reference, section
 * "Authentication and token management"). Tokens of application credentials with access rules are unknown to it here:
 * it shows them only to who says, by a header, that it keeps to those rules.
 * @returns null: Keystone knows no such token, or not any more (404)
 * @throws ApiError (401: the service user's token is not taken; 403: it may not ask), UnreachableError, ProtocolError
 */
export async function validateToken(
  http: HttpClient,
  authUrl: string,
  tokens: { readonly own: string; readonly subject: string },
  signal: AbortSignal,
): Promise<ValidToken | null> {
  const url = identityUrl(authUrl, '/auth/tokens?nocatalog');
  const answer = await http.send({
    url,
    method: 'GET',
    headers: { accept: 'application/json', 'x-auth-token': tokens.own, 'x-subject-token': tokens.subject },
    signal,
  });
  if (answer.status === 200) return toValidToken(await readText(answer, url.host, signal), url.host);
  if (answer.status !== 404)
    throw await apiError(answer, { service: 'identity', method: 'GET', path: url.pathname, signal });
  // A server that is no Keystone has no such path either: only Keystone's own error says that the token is unknown.
  if (readFault(await readText(answer, url.host, signal)).faultName === 'Not Found') return null;
  throw new ProtocolError(`${url.origin}${url.pathname}: HTTP 404: is auth_url a Keystone v3?`);
}

/**
 * Keystone v3 "Revoke token": `DELETE /v3/auth/tokens`, which every token may ask about itself (Identity API reference,
 * section "Authentication and token management").
 * @throws ApiError, UnreachableError
 */
export async function revokeToken(
  http: HttpClient,
  authUrl: string,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const url = identityUrl(authUrl, '/auth/tokens');
  const headers = { accept: 'application/json', 'x-auth-token': token, 'x-subject-token': token };
  const answer = await http.send({ url, method: 'DELETE', headers, signal });
  // Who is not let in by a token, or does not find it, has nothing left to revoke.
  if (answer.status < 300 || [401, 404].includes(answer.status)) return answer.body.dump();
  throw await apiError(answer, { service: 'identity', method: 'DELETE', path: url.pathname, signal });
}

interface Wire {
  readonly expires_at?: string;
  readonly user?: { readonly id: string; readonly name: string };
  readonly project?: {
    readonly id: string;
    readonly name: string;
    readonly domain?: { readonly id: string };
  };
  readonly domain?: { readonly id: string };
  readonly system?: { readonly all?: boolean };
  readonly roles?: readonly { readonly name: string }[];
}

function scopeOf({ project, domain, system }: Wire): TokenScope {
  if (project)
    return {
      kind: 'project',
      id: project.id,
      name: project.name,
      domainId: project.domain?.id ?? 'default',
    };
  if (system?.all === true) return { kind: 'system' };
  return domain ? { kind: 'domain', id: domain.id } : { kind: 'unscoped' };
}

function toValidToken(text: string, host: string): ValidToken {
  let token: Wire | undefined;
  try {
    ({ token } = JSON.parse(text) as { token?: Wire });
  } catch (error) {
    throw new ProtocolError(`${host}: what it says of a token is no JSON`, { cause: error });
  }
  const expiresAt = Date.parse(token?.expires_at ?? '');
  if (!token?.user || Number.isNaN(expiresAt))
    throw new ProtocolError(`${host}: what it says of a token has no user or no end`);
  return {
    expiresAt,
    user: { id: token.user.id, name: token.user.name },
    scope: scopeOf(token),
    roles: (token.roles ?? []).map(({ name }) => name),
  };
}
