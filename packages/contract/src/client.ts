import type { ErrorCode } from '@guts/core';
import type { Static, TObject, TSchema } from 'typebox';
import type { ErrorBody } from './schemas/common.ts';
import type { Migration } from './schemas/migration.ts';

/** The part of a `Response` that is used. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** For streams; null: there is none. */
  readonly body: AsyncIterable<Uint8Array> | null;
  text(): Promise<string>;
}
/** What is sent: as of `fetch`'s, but only this. */
export interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}
/** The part of `fetch` that is used: browsers give their own, `guts` a lighter one. */
export type Fetch = (url: string, init: Init) => Promise<Answer>;

type Of<S> = S extends TSchema ? Static<S> : undefined;
interface CallableRoute<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | null,
  A extends TSchema | null,
> {
  readonly method: string;
  readonly path: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly answer: A;
}
export interface CallInput<P, Q, B> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly signal?: AbortSignal;
}

/** An answer that is an error, or no answer at all (status 0). */
export class ApiCallError extends Error {
  readonly status: number;
  readonly code: ErrorCode | 'unreachable';
  readonly remedy: string | null;
  /** The field at fault. */
  readonly field: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly requestId: string | null;

  constructor(
    message: string,
    facts: {
      status: number;
      code: ErrorCode | 'unreachable';
      remedy?: string | null;
      field?: string | null;
      details?: Readonly<Record<string, unknown>> | null;
      requestId?: string | null;
      cause?: unknown;
    },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'ApiCallError';
    this.status = facts.status;
    this.code = facts.code;
    this.remedy = facts.remedy ?? null;
    this.field = facts.field ?? null;
    this.details = facts.details ?? null;
    this.requestId = facts.requestId ?? null;
  }
}

/** An endpoint as catalogs have it: it ends in the version, and in the project if there is one. */
const VERSIONED = /\/v1(?:\/[^/]+)?$/;

/** Calls routes at one address, which may be an endpoint of a catalog, such as `http://host:7000/v1/PROJECT-ID`. */
export class ApiClient {
  readonly #fetch: Fetch;
  readonly baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: { fetch: Fetch; baseUrl: string; headers: Readonly<Record<string, string>> }) {
    this.#fetch = options.fetch;
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#headers = options.headers;
  }

  /** @throws ApiCallError */
  async call<P extends TObject, Q extends TObject, B extends TSchema | null, A extends TSchema | null>(
    route: CallableRoute<P, Q, B, A>,
    input: CallInput<Static<P>, Static<Q>, Of<B>> = {},
  ): Promise<Of<A>> {
    const params = (input.params ?? {}) as Record<string, string>;
    const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) => segment(name, params[name]));
    const search = new URLSearchParams(
      Object.entries((input.query ?? {}) as Record<string, string | undefined>).filter(
        (pair): pair is [string, string] => pair[1] !== undefined,
      ),
    ).toString();
    const answer = await this.send(`${path}${search === '' ? '' : `?${search}`}`, {
      method: route.method,
      ...(input.body === undefined
        ? {}
        : { body: JSON.stringify(input.body), headers: { 'content-type': 'application/json' } }),
      ...(input.signal ? { signal: input.signal } : {}),
    });
    return (answer.status === 204 ? undefined : await toJson(answer)) as Of<A>;
  }

  #addressOf(path: string): string {
    const [version] = VERSIONED.exec(this.baseUrl) ?? [''];
    const root = this.baseUrl.slice(0, this.baseUrl.length - version.length);
    return `${root}${version === '' ? path : path.replace(/^\/v1(?=[/?]|$)/, version)}`;
  }

  /** A request as it is, with our headers; for streams. @throws ApiCallError */
  async send(path: string, { headers, ...init }: Init): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.#fetch(this.#addressOf(path), {
        ...init,
        headers: { accept: 'application/json', ...this.#headers, ...headers },
      });
    } catch (error) {
      // A login that failed has said so itself.
      if (init.signal?.aborted || error instanceof ApiCallError) throw error;
      const why = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
      throw new ApiCallError(`guts-api at ${this.baseUrl} does not answer: ${why}`, {
        status: 0,
        code: 'unreachable',
        remedy: 'Start it (guts all), or say where it is (--api, GUTS_API).',
        cause: error,
      });
    }
    if (answer.ok) return answer;
    throw await toError(answer);
  }
}

/** One segment of a path: an empty one, or dots, would ask for another path. */
function segment(name: string, value: string | undefined): string {
  if (value !== undefined && !['', '.', '..'].includes(value)) return encodeURIComponent(value);
  throw new ApiCallError(`${name} must not be ${value === undefined ? 'left out' : `"${value}"`}`, {
    status: 0,
    code: 'bad_request',
    field: `params.${name}`,
  });
}

async function toJson(answer: Answer): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiCallError('the answer is no JSON: is that address a guts-api?', {
      status: answer.status,
      code: 'internal',
      cause,
    });
  }
}

async function toError(answer: Answer): Promise<ApiCallError> {
  const { status } = answer;
  const error = errorIn(await answer.text());
  if (!error)
    return new ApiCallError(`HTTP ${status} without an error of ours: is that address a guts-api?`, {
      status,
      code: 'internal',
    });
  const { guts_code: code, remedy, field, details, request_id: requestId } = error;
  return new ApiCallError(error.message, { status, code, remedy, field, details, requestId });
}

/** Our error in an answer; null when something else (a proxy, another service) gave it. */
function errorIn(text: string): ErrorBody['error'] | null {
  try {
    const error = (JSON.parse(text) as Partial<ErrorBody> | null)?.error;
    return typeof error?.guts_code === 'string' && typeof error.message === 'string' ? error : null;
  } catch {
    return null; // no JSON
  }
}

/** The migration that a creation made. @throws TypeError when a dry run was asked for, which makes none */
export function made(answer: { readonly migration: Migration } | object): Migration {
  if ('migration' in answer) return answer.migration;
  throw new TypeError('a dry run makes no migration');
}
