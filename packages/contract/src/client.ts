import type { ErrorCode } from '@guts/core';
import type { Static, TObject, TSchema } from 'typebox';
import type { ErrorBody } from './schemas/common.ts';

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

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
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly requestId: string | null;

  constructor(
    message: string,
    facts: {
      status: number;
      code: ErrorCode | 'unreachable';
      remedy?: string | null;
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
    this.details = facts.details ?? null;
    this.requestId = facts.requestId ?? null;
  }
}

/** Calls routes at one address. */
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
    const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    );
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
    return (answer.status === 204 ? undefined : await answer.json()) as Of<A>;
  }

  /** A request as it is, with our headers; for streams. @throws ApiCallError */
  async send(
    path: string,
    { headers, ...init }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> },
  ): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.#fetch(`${this.baseUrl}${path}`, {
        ...init,
        headers: { accept: 'application/json', ...this.#headers, ...headers },
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
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

async function toError(answer: Response): Promise<ApiCallError> {
  const text = await answer.text();
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    return new ApiCallError(error.message, {
      status: answer.status,
      code: error.guts_code,
      remedy: error.remedy,
      details: error.details,
      requestId: error.request_id,
    });
  } catch (cause) {
    return new ApiCallError(`HTTP ${answer.status} without an error of ours: is that address a guts-api?`, {
      status: answer.status,
      code: 'internal',
      cause,
    });
  }
}
