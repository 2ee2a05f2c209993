import type { CloudConfig, ProjectRef } from './config/cloud-config.ts';
import { isStatus, LoginError, ProtocolError } from './errors.ts';
import { apiError } from './faults.ts';
import { authenticate, type Token } from './identity.ts';
import { compareVersions, newestVersion } from './microversion.ts';
import { DEFAULT_RETRIES, type RetryRules, withRetries } from './retry.ts';
import {
  findByTypes,
  findEndpoint,
  type ServiceName,
  SERVICES,
  versionDocument,
  versionedEndpoint,
} from './service-catalog.ts';
import { revokeToken, validateToken, type ValidToken } from './token-validation.ts';
import { type HttpAnswer, HttpClient, type HttpRequest, type Observe, readText } from './transport/http.ts';

export interface ApiRequest {
  readonly method?: HttpRequest['method'];
  /** Below the endpoint, with its query. */
  readonly path: string;
  readonly json?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

/** A request as it is asked for. */
export type AskedRequest = Pick<ApiRequest, 'path' | 'json'> & {
  readonly service: ServiceName;
  readonly method: HttpRequest['method'];
};
/** Stands around one sending of a request, and gives what it gives. */
export type Around = <T>(request: AskedRequest, send: () => Promise<T>) => Promise<T>;

const TIMEOUT_SECONDS = 60;
/** A token that ends sooner is replaced before it is used. */
const SPARE_SECONDS = 60;

export interface SessionOptions {
  readonly signal: AbortSignal;
  readonly userAgent?: string;
  readonly retries?: RetryRules;
  /** Called before every request to a service: throws when none may be sent any more. */
  readonly check?: () => void;
  /** Stands around every request to a service, also one that is sent again; what it sends is checked first. */
  readonly around?: Around;
  /** Hears of every request, also those of the login; not of other logins that come of this one. */
  readonly observe?: Observe;
}

/** A login at a cloud, scoped to one project. Logs in again when its token ends. */
export class OpenStackSession {
  readonly config: CloudConfig;
  readonly #http: HttpClient;
  readonly #retries: RetryRules;
  readonly #check: () => void;
  readonly #around: Around | undefined;
  #token: Token;
  #again: Promise<Token> | null = null;
  readonly #microversions = new Map<ServiceName, Promise<string | null>>();

  private constructor(
    config: CloudConfig,
    http: HttpClient,
    rules: { readonly retries: RetryRules; readonly check: () => void; readonly around?: Around },
    token: Token,
  ) {
    this.config = config;
    this.#http = http;
    this.#retries = rules.retries;
    this.#check = rules.check;
    this.#around = rules.around;
    this.#token = token;
  }

  /** @throws LoginError, ApiError, UnreachableError, UntrustedCertificateError, ProtocolError */
  static async open(config: CloudConfig, options: SessionOptions): Promise<OpenStackSession> {
    const { signal, retries = DEFAULT_RETRIES, check = () => undefined, around, observe } = options;
    const http = new HttpClient({
      trust: config.tls,
      timeoutSeconds: TIMEOUT_SECONDS,
      userAgent: options.userAgent ?? 'guts',
      ...(observe ? { observe } : {}),
    });
    try {
      const token = await login(http, config, retries, signal);
      return new OpenStackSession(config, http, { retries, check, ...(around ? { around } : {}) }, token);
    } catch (error) {
      await http.close();
      throw error;
    }
  }

  get project(): { readonly id: string; readonly name: string } {
    return this.#token.project;
  }
  get user(): { readonly id: string; readonly name: string } {
    return this.#token.user;
  }
  get roles(): readonly string[] {
    return this.#token.roles;
  }
  /** When the token ends; milliseconds since the epoch. */
  get expiresAt(): number {
    return this.#token.expiresAt;
  }

  /**
   * The same user in another project. @param project its id or name
   * @throws LoginError with `otherProject`: always for an application credential, which is bound to one project
   */
  async rescope(project: string, signal: AbortSignal): Promise<OpenStackSession> {
    const { config } = this;
    if (config.auth.type === 'application_credential') {
      throw new LoginError(
        `the application credential is bound to project "${this.project.name}" and cannot work in "${project}"`,
        { method: config.auth.type, otherProject: true },
      );
    }
    const around = this.#around;
    const options = { signal, retries: this.#retries, check: this.#check, ...(around ? { around } : {}) };
    const domain = config.project?.domain ?? {};
    const named: ProjectRef = {
      name: project,
      domain: Object.keys(domain).length > 0 ? domain : { id: this.#token.project.domainId },
    };
    const byId: ProjectRef[] = /^[0-9a-f-]{32,36}$/.test(project) ? [{ id: project, domain: {} }] : [];
    let refusal: LoginError | null = null;
    for (const one of [named, ...byId]) {
      try {
        return await OpenStackSession.open({ ...config, project: one }, options);
      } catch (error) {
        if (!(error instanceof LoginError)) throw error;
        refusal = error;
      }
    }
    throw new LoginError(
      `"${this.user.name}", who logs in to project "${this.project.name}", does not get into project "${project}": ${refusal?.message}`,
      { method: config.auth.type, otherProject: true },
      { cause: refusal },
    );
  }

  /** True when the catalog has the service. */
  has(service: ServiceName): boolean {
    return findEndpoint(this.config, this.#token, service) !== null;
  }

  /** URL of a service that this client does not speak to itself; null: the catalog has none of this type. */
  endpointOf(type: string): string | null {
    return findByTypes(this.config, this.#token, [type]);
  }

  /**
   * The token, for calls that are made elsewhere.
   * @param refused one that a service no longer takes: it is replaced
   */
  async token(signal: AbortSignal, refused?: string): Promise<string> {
    if (refused === this.#token.id) await this.#renew(signal);
    else await this.freshen(SPARE_SECONDS, signal);
    return this.#token.id;
  }

  /**
   * Asks Keystone about somebody else's token; this login needs a role that may (`service`, or `reader` of the system).
   * @returns null: it knows no such token, or not any more
   * @throws ApiError, LoginError, UnreachableError, ProtocolError
   */
  validateToken(subject: string, signal: AbortSignal): Promise<ValidToken | null> {
    const { authUrl } = this.config;
    const ask = async (): Promise<ValidToken | null> => {
      this.#check();
      return validateToken(this.#http, authUrl, { own: this.#token.id, subject }, signal);
    };
    const fresh = async (): Promise<ValidToken | null> => {
      await this.freshen(SPARE_SECONDS, signal);
      return this.#withLogin(ask, signal);
    };
    return withRetries(fresh, 'GET', this.#retries, signal);
  }

  /**
   * Has Keystone make somebody's token worthless, as its bearer; one that it does not know is that already.
   * @throws ApiError, UnreachableError, ProtocolError
   */
  revokeToken(subject: string, signal: AbortSignal): Promise<void> {
    return withRetries(
      () => revokeToken(this.#http, this.config.authUrl, subject, signal),
      'GET',
      this.#retries,
      signal,
    );
  }

  /** Sends JSON, reads JSON. @throws ApiError, UnreachableError, ProtocolError */
  async call(service: ServiceName, wanted: ApiRequest): Promise<unknown> {
    const answer = await this.stream(service, wanted);
    const text = await readText(answer, `${service} service`, wanted.signal);
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new ProtocolError(`${service}: ${wanted.path}: the answer is no JSON`, { cause: error });
    }
  }

  /**
   * The answer with its body unread. Retries what is safe to send again; a stream as body is sent once, and its
   * source must not have been touched when the token turns out to be old: callers ask {@link freshen} before.
   */
  async stream(
    service: ServiceName,
    wanted: ApiRequest & {
      body?: AsyncIterable<Uint8Array>;
      headers?: Record<string, string>;
      headSeconds?: number;
    },
  ): Promise<HttpAnswer> {
    const { method = 'GET', signal, body } = wanted;
    await this.freshen(SPARE_SECONDS, signal);
    const url = new URL(`${versionedEndpoint(this.config, this.#token, service)}${wanted.path}`);
    const microversion = await this.microversion(service, signal);
    const sendNow = async (): Promise<HttpAnswer> => {
      this.#check();
      const answer = await this.#http.send({
        url,
        method,
        signal,
        headers: { ...this.#headers(service, microversion, wanted), ...wanted.headers },
        ...(wanted.json === undefined ? {} : { body: JSON.stringify(wanted.json) }),
        ...(body === undefined ? {} : { body }),
        ...(wanted.headSeconds === undefined ? {} : { headSeconds: wanted.headSeconds }),
      });
      if (answer.status < 400) return answer;
      throw await apiError(answer, { service, method, path: wanted.path, signal });
    };
    const around = this.#around;
    const asked = { service, method, path: wanted.path, json: wanted.json };
    const send = around ? (): Promise<HttpAnswer> => around(asked, sendNow) : sendNow;
    if (body !== undefined) return send();
    return withRetries(() => this.#withLogin(send, signal), method, this.#retries, signal);
  }

  /** Makes sure that the token lasts; seconds. */
  async freshen(seconds: number, signal: AbortSignal): Promise<void> {
    if (this.#token.expiresAt - Date.now() < seconds * 1000) await this.#renew(signal);
  }

  /** The microversion that is used with a service, or null when it has none. */
  microversion(service: ServiceName, signal: AbortSignal): Promise<string | null> {
    const facts = SERVICES[service].microversion;
    if (!facts) return Promise.resolve(null);
    let asked = this.#microversions.get(service);
    if (!asked) {
      asked = this.#discover(service, facts.newest);
      this.#microversions.set(service, asked);
      // Not remembered when it failed.
      asked.catch(() => this.#microversions.delete(service));
    }
    return unlessAborted(asked, signal);
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  #headers(service: ServiceName, microversion: string | null, wanted: ApiRequest): Record<string, string> {
    const { microversion: facts } = SERVICES[service];
    return {
      accept: 'application/json',
      'x-auth-token': this.#token.id,
      ...(wanted.json === undefined ? {} : { 'content-type': wanted.contentType ?? 'application/json' }),
      ...(facts && microversion !== null ? { 'openstack-api-version': `${facts.name} ${microversion}` } : {}),
    };
  }

  /** Once more with a new token when the service no longer takes the old one. */
  async #withLogin<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const used = this.#token;
    try {
      return await send();
    } catch (error) {
      if (!isStatus(error, 401)) throw error;
      // Somebody else may have replaced it meanwhile.
      if (this.#token === used) await this.#renew(signal);
      return send();
    }
  }

  #renew(signal: AbortSignal): Promise<Token> {
    this.#again ??= login(this.#http, this.config, this.#retries, sharedSignal())
      .then((token) => {
        this.#token = token;
        return token;
      })
      .finally(() => {
        this.#again = null;
      });
    return unlessAborted(this.#again, signal);
  }

  async #discover(service: ServiceName, newest: string): Promise<string | null> {
    const signal = sharedSignal();
    const url = versionDocument(versionedEndpoint(this.config, this.#token, service));
    const answer = await withRetries(
      async () => {
        const got = await this.#http.send({
          url,
          method: 'GET',
          headers: { accept: 'application/json', 'x-auth-token': this.#token.id },
          signal,
        });
        if (got.status < 500 && got.status !== 429) return got;
        throw await apiError(got, { service, method: 'GET', path: url.pathname, signal });
      },
      'GET',
      this.#retries,
      signal,
    );
    const offered = newestVersion(await readText(answer, `${service} service`, signal));
    if (answer.status >= 400 || offered === null) return null;
    return compareVersions(offered, newest) < 0 ? offered : newest;
  }
}

function login(
  http: HttpClient,
  config: CloudConfig,
  retries: RetryRules,
  signal: AbortSignal,
): Promise<Token> {
  // A login done twice does no harm, so it is retried like a GET.
  return withRetries(() => authenticate(http, config, signal), 'GET', retries, signal);
}

/** For work that several callers wait for: none of them ends it for the others. */
function sharedSignal(): AbortSignal {
  return AbortSignal.timeout(2 * TIMEOUT_SECONDS * 1000);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
