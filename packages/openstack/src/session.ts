import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudConfig, ProjectRef } from './config/cloud-config.ts';
import { ApiError, isStatus, LoginError, ProtocolError, UnreachableError } from './errors.ts';
import { authenticate, type Token } from './identity.ts';
import { type HttpAnswer, HttpClient, type HttpRequest, readText } from './transport/http.ts';

export type ServiceName = 'image' | 'network' | 'compute' | 'volume';

interface ServiceFacts {
  /** Types in the catalog, the preferred first. */
  readonly types: readonly string[];
  /** Path that an endpoint without a version is completed with. */
  readonly version: string;
  /** Name in the microversion header, and the newest that this client understands. */
  readonly microversion: { readonly name: string; readonly newest: string } | null;
}
const SERVICES: Readonly<Record<ServiceName, ServiceFacts>> = {
  image: { types: ['image'], version: 'v2', microversion: null },
  network: { types: ['network'], version: 'v2.0', microversion: null },
  compute: { types: ['compute'], version: 'v2.1', microversion: { name: 'compute', newest: '2.90' } },
  volume: {
    types: ['block-storage', 'volumev3', 'block-store', 'volume'],
    version: 'v3',
    microversion: { name: 'volume', newest: '3.70' },
  },
};

export interface ApiRequest {
  readonly method?: HttpRequest['method'];
  /** Below the endpoint, with its query. */
  readonly path: string;
  readonly json?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

const ATTEMPTS = 5;
const TIMEOUT_SECONDS = 60;

/** A login at a cloud, scoped to one project. Logs in again when its token ends. */
export class OpenStackSession {
  readonly config: CloudConfig;
  readonly #http: HttpClient;
  #token: Token;
  #again: Promise<Token> | null = null;
  readonly #microversions = new Map<ServiceName, Promise<string | null>>();

  private constructor(config: CloudConfig, http: HttpClient, token: Token) {
    this.config = config;
    this.#http = http;
    this.#token = token;
  }

  /** @throws LoginError, UnreachableError, UntrustedCertificateError, ProtocolError */
  static async open(
    config: CloudConfig,
    options: { signal: AbortSignal; userAgent?: string },
  ): Promise<OpenStackSession> {
    const http = new HttpClient({
      trust: config.tls,
      timeoutSeconds: TIMEOUT_SECONDS,
      userAgent: options.userAgent ?? 'guts',
    });
    try {
      return new OpenStackSession(config, http, await authenticate(http, config, options.signal));
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

  /**
   * The same user in another project. @param project its id or name
   * @throws LoginError for an application credential, which is bound to one project
   */
  async rescope(project: string, signal: AbortSignal): Promise<OpenStackSession> {
    const { config } = this;
    if (config.auth.type === 'application_credential') {
      throw new LoginError(
        `the application credential is bound to project "${this.project.name}" and cannot work in "${project}"`,
      );
    }
    const domain = config.project?.domain ?? {};
    const named: ProjectRef = {
      name: project,
      domain: Object.keys(domain).length > 0 ? domain : { id: this.#token.project.domainId },
    };
    try {
      return await OpenStackSession.open({ ...config, project: named }, { signal });
    } catch (error) {
      if (!(error instanceof LoginError) || !/^[0-9a-f-]{32,36}$/.test(project)) throw error;
      return OpenStackSession.open({ ...config, project: { id: project, domain: {} } }, { signal });
    }
  }

  /** True when the catalog has the service. */
  has(service: ServiceName): boolean {
    return this.#find(service) !== null;
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
    const url = await this.#url(service, wanted.path);
    const microversion = await this.#microversion(service, signal);
    for (let attempt = 1, renewed = false; ; attempt += 1) {
      try {
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
        throw await apiError(answer, service, method, wanted);
      } catch (error) {
        if (body !== undefined) throw error;
        if (isStatus(error, 401) && !renewed) {
          renewed = true;
          await this.#renew(signal);
          continue;
        }
        const pause = attempt < ATTEMPTS ? retryPause(error, method, attempt) : null;
        if (pause === null) throw error;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  /** Makes sure that the token lasts; seconds. */
  async freshen(seconds: number, signal: AbortSignal): Promise<void> {
    if (this.#token.expiresAt - Date.now() < seconds * 1000) await this.#renew(signal);
  }

  /** The microversion that is used with a service, or null when it has none. */
  microversion(service: ServiceName, signal: AbortSignal): Promise<string | null> {
    return this.#microversion(service, signal);
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

  #renew(signal: AbortSignal): Promise<Token> {
    this.#again ??= authenticate(this.#http, this.config, signal)
      .then((token) => {
        this.#token = token;
        return token;
      })
      .finally(() => {
        this.#again = null;
      });
    return this.#again;
  }

  #find(service: ServiceName): string | null {
    for (const type of SERVICES[service].types) {
      const override = this.config.endpointOverrides[type];
      if (override !== undefined) return override;
      const endpoints = this.#token.catalog.find((one) => one.type === type)?.endpoints ?? [];
      const found = endpoints.find(
        (one) =>
          one.interface === this.config.interface &&
          (this.config.region === null ||
            one.region === this.config.region ||
            one.region_id === this.config.region),
      );
      if (found) return found.url;
    }
    return null;
  }

  #endpoint(service: ServiceName): string {
    const found = this.#find(service);
    if (found === null) {
      const region = this.config.region === null ? '' : ` in region "${this.config.region}"`;
      throw new ProtocolError(
        `the cloud's catalog has no ${this.config.interface} endpoint of ${service}${region}`,
      );
    }
    const bare = found.replace(/\/+$/, '');
    return /\/v\d+(\.\d+)?(\/|$)/.test(new URL(bare).pathname)
      ? bare
      : `${bare}/${SERVICES[service].version}`;
  }

  #url(service: ServiceName, path: string): Promise<URL> {
    return Promise.resolve(new URL(`${this.#endpoint(service)}${path}`));
  }

  #microversion(service: ServiceName, signal: AbortSignal): Promise<string | null> {
    const facts = SERVICES[service].microversion;
    if (!facts) return Promise.resolve(null);
    const known = this.#microversions.get(service);
    if (known) return known;
    const asked = this.#discover(service, facts.newest, signal);
    this.#microversions.set(service, asked);
    // Not remembered when it failed.
    asked.catch(() => this.#microversions.delete(service));
    return asked;
  }

  /** The newest that both sides understand (API guideline "Microversion Specification"). */
  async #discover(service: ServiceName, newest: string, signal: AbortSignal): Promise<string | null> {
    // Cinder's endpoint ends in the project's id; its version document is above.
    const root = this.#endpoint(service).replace(/(\/v\d+(?:\.\d+)?)\/.*$/, '$1');
    const answer = await this.#http.send({
      url: new URL(`${root}/`),
      method: 'GET',
      headers: { accept: 'application/json', 'x-auth-token': this.#token.id },
      signal,
    });
    const text = await readText(answer, `${service} service`, signal);
    const found = /"version"\s*:\s*"(\d+\.\d+)"/g;
    const offered = [...text.matchAll(found)].map((match) => match[1] ?? '').toSorted(compareVersions);
    const server = offered.at(-1);
    if (answer.status >= 400 || server === undefined) return null;
    return compareVersions(server, newest) < 0 ? server : newest;
  }
}

/** Negative when the first is older. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/** Milliseconds to wait before the request may be sent again; null: it may not. */
function retryPause(error: unknown, method: string, attempt: number): number | null {
  const backOff = 500 * 2 ** (attempt - 1) * (0.5 + Math.random());
  if (error instanceof UnreachableError) return error.neverSent || method === 'GET' ? backOff : null;
  if (!(error instanceof ApiError)) return null;
  if (error.status === 429 || error.status === 503)
    return error.retryAfter === null ? backOff : Math.min(error.retryAfter, 60) * 1000;
  return [502, 504].includes(error.status) && method === 'GET' ? backOff : null;
}

async function apiError(
  answer: HttpAnswer,
  service: ServiceName,
  method: string,
  { path, signal }: ApiRequest,
): Promise<ApiError> {
  const text = await readText(answer, `${service} service`, signal);
  const header = (name: string): string | null => [answer.headers[name]].flat()[0] ?? null;
  const retryAfter = Number(header('retry-after') ?? Number.NaN);
  const { faultName, detail } = readFault(text);
  return new ApiError({
    status: answer.status,
    service,
    method,
    path: path.replace(/\?.*$/, ''),
    faultName,
    detail: detail === '' ? 'no message' : detail,
    requestId: header('x-openstack-request-id') ?? header('x-compute-request-id'),
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : null,
  });
}

/** Each service has an envelope of its own; Glance answers in HTML. */
export function readFault(text: string): { faultName: string; detail: string } {
  try {
    const parsed: unknown = JSON.parse(text);
    const [name, inner] = Object.entries(parsed as Record<string, unknown>)[0] ?? ['', ''];
    if (typeof inner === 'string') return { faultName: name, detail: inner };
    const fields = inner as { message?: string; type?: string; title?: string };
    const own = name === 'NeutronError' || name === 'error' ? (fields.type ?? fields.title) : undefined;
    return { faultName: own ?? name, detail: fields.message ?? '' };
  } catch {
    const plain = text.replaceAll(/<title>.*?<\/title>|<[^>]*>/gs, ' ').replaceAll(/\s+/g, ' ');
    return { faultName: 'Error', detail: plain.trim().slice(0, 500) };
  }
}
