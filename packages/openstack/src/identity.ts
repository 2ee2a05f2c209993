import type { CloudAuth, CloudConfig, DomainRef, ProjectRef } from './config/cloud-config.ts';
import { LoginError, type LoginMethod, ProtocolError } from './errors.ts';
import { apiError, readFault } from './faults.ts';
import { identityUrl } from './token-validation.ts';
import { type HttpClient, readText } from './transport/http.ts';

interface CatalogEndpoint {
  readonly interface: string;
  readonly region: string;
  readonly region_id: string;
  readonly url: string;
}
export interface Token {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly project: { readonly id: string; readonly name: string; readonly domainId: string };
  readonly user: { readonly id: string; readonly name: string };
  readonly roles: readonly string[];
  readonly catalog: readonly { readonly type: string; readonly endpoints: readonly CatalogEndpoint[] }[];
}

const domainOf = (domain: DomainRef): DomainRef | undefined =>
  domain.id !== undefined || domain.name !== undefined ? domain : undefined;

function identityOf({ auth }: CloudConfig): Record<string, unknown> {
  switch (auth.type) {
    case 'password': {
      const { id, name, domain } = auth.user;
      const user = id === undefined ? { name, domain: domainOf(domain) } : { id };
      return { methods: ['password'], password: { user: { ...user, password: auth.password } } };
    }
    case 'token':
      return { methods: ['token'], token: { id: auth.token } };
    case 'application_credential': {
      const { id, name, user, secret } = auth;
      const owner = user?.id === undefined ? { name: user?.name, domain: user?.domain } : { id: user.id };
      const which = id === undefined ? { name, user: owner } : { id };
      return { methods: ['application_credential'], application_credential: { ...which, secret } };
    }
    default:
      throw new TypeError(`unknown kind of credential: ${String(auth satisfies never)}`);
  }
}

function scopeOf(project: ProjectRef): Record<string, unknown> {
  return {
    project:
      project.id === undefined
        ? { name: project.name, domain: domainOf(project.domain) }
        : { id: project.id },
  };
}

const SAYS_NOTHING = 'The request you have made requires authentication';
const SUSPECTS = {
  password: 'user, password or project',
  application_credential: 'application credential',
  token: 'token or project',
} as const;

/** Keystone v3 "Token authentication" (Identity API reference). @throws LoginError, ApiError, ProtocolError, UnreachableError */
export async function authenticate(
  http: HttpClient,
  config: CloudConfig,
  signal: AbortSignal,
): Promise<Token> {
  const url = identityUrl(config.authUrl, '/auth/tokens');
  const auth = {
    identity: identityOf(config),
    ...(config.project ? { scope: scopeOf(config.project) } : {}),
  };
  const answer = await http.send({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ auth }),
    signal,
  });
  // Busy or broken, rather than a refusal.
  if (answer.status === 429 || answer.status >= 500)
    throw await apiError(answer, { service: 'identity', method: 'POST', path: url.pathname, signal });
  const text = await readText(answer, url.host, signal);
  // A token that it does not know is "not found" to Keystone.
  const { type: method } = config.auth;
  const unknown = answer.status === 404 && method === 'token' && readFault(text).faultName !== 'Error';
  const said = keystoneSays(text, config.auth);
  if (answer.status === 401 || unknown) {
    // Keystone's usual sentence says nothing about the cause.
    const cause = said === null || said.startsWith(SAYS_NOTHING) ? '' : `: ${said}`;
    throw new LoginError(`${url.host} refuses the login: ${SUSPECTS[method]} is wrong${cause}`, { method });
  }
  if ([400, 403].includes(answer.status) && said !== null)
    throw new LoginError(`${url.host} refuses the login: ${said} (HTTP ${answer.status})`, { method });
  if (answer.status !== 201)
    throw new ProtocolError(
      `${url.origin}${url.pathname}: HTTP ${answer.status}: is auth_url a Keystone v3?`,
    );
  const id = [answer.headers['x-subject-token']].flat()[0];
  if (id === undefined) throw new ProtocolError(`${url.host}: the answer has no token`);
  return toToken(id, text, url.host, method);
}

function secretOf(auth: CloudAuth): string {
  if (auth.type === 'password') return auth.password;
  return auth.type === 'token' ? auth.token : auth.secret;
}

/** The message of Keystone's own error, which may quote what was sent; null: it is no such answer. */
function keystoneSays(text: string, auth: CloudAuth): string | null {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    const message = error?.message;
    if (typeof message !== 'string' || message === '') return null;
    return readFault(text).detail.replaceAll(secretOf(auth) || '\0', '***');
  } catch {
    return null;
  }
}

function toToken(id: string, text: string, host: string, method: LoginMethod): Token {
  interface Wire {
    readonly token?: {
      readonly expires_at?: string;
      readonly project?: {
        readonly id: string;
        readonly name: string;
        readonly domain?: { readonly id: string };
      };
      readonly user?: { readonly id: string; readonly name: string };
      readonly roles?: readonly { readonly name: string }[];
      readonly catalog?: Token['catalog'];
    };
  }
  let token: Wire['token'];
  try {
    ({ token } = JSON.parse(text) as Wire);
  } catch (error) {
    throw new ProtocolError(`${host}: the answer to the login is no JSON`, { cause: error });
  }
  const expiresAt = Date.parse(token?.expires_at ?? '');
  if (!token?.user || Number.isNaN(expiresAt))
    throw new ProtocolError(`${host}: the answer to the login has no user or no end`);
  if (!token.project)
    throw new LoginError(`${host}: the login is scoped to no project; name one (project_name)`, { method });
  return {
    id,
    expiresAt,
    project: {
      id: token.project.id,
      name: token.project.name,
      domainId: token.project.domain?.id ?? 'default',
    },
    user: { id: token.user.id, name: token.user.name },
    roles: (token.roles ?? []).map((role) => role.name),
    catalog: token.catalog ?? [],
  };
}
