/** What a service is to the listener: a prefix, routes, its error form and its own headers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Token } from '../identity/state.ts';
import type { ApiError } from './api-error.ts';

export type ServiceName = 'identity' | 'image' | 'compute' | 'network' | 'volume';

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with the content type of `headers`. */
  readonly text?: string;
  readonly stream?: { readonly source: Readable; readonly length: number };
}

export interface Call {
  readonly service: ServiceName;
  readonly method: string;
  /** Path inside the service, decoded segments joined by `/`. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** `http://host:port` as the client reached it. */
  readonly origin: string;
  /** Minor part of the microversion that applies; 0 where the service has none. */
  readonly minor: number;
  /** Set by a `doom` fault: the asynchronous work this request starts shall fail with this message. */
  readonly doom: string | undefined;
  /** Who asks. Routes marked `open` must not read it. */
  readonly token: Token;
  /** The request's body as a stream of bytes. */
  readonly body: Readable;
  /** The body as JSON, `{}` when empty; 400 when it is none. */
  json(): Promise<unknown>;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

export interface Route {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly handle: Handler;
  /** Answered without a token (version documents, authentication). */
  readonly open: boolean;
  /** First microversion (minor) that has it. */
  readonly since: number;
}

export interface Microversions {
  /** As in `OpenStack-API-Version: compute 2.90`. */
  readonly type: string;
  readonly major: number;
  readonly min: number;
  readonly max: number;
  /** Nova's older header, honoured and answered too. */
  readonly legacyHeader?: string;
}

export interface Service {
  readonly name: ServiceName;
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly microversions?: Microversions;
  /** Changes the path's segments before routing, such as taking the project out; may throw. */
  readonly normalise?: (segments: readonly string[], token: Token | undefined) => readonly string[];
  readonly envelope: (error: ApiError, accept: string) => Reply;
  /** Names of response headers that carry the request id. */
  readonly requestIdHeaders: readonly string[];
}

/** Route for `GET /servers/:id` and the like. */
export function route(
  method: string,
  path: string,
  handle: Handler,
  extra: { open?: boolean; since?: number } = {},
): Route {
  const pattern = path.split('/').filter((segment) => segment !== '');
  return { method, pattern, handle, open: extra.open ?? false, since: extra.since ?? 0 };
}

/** The value of a path parameter that the route's pattern names. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`route of ${call.path} has no parameter ${name}`);
  return value;
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

/** Finds the route; a pattern with literal segments wins over one with parameters by standing first in the list. */
export function match(routes: readonly Route[], method: string, segments: readonly string[]): Match {
  const allowed: string[] = [];
  for (const candidate of routes) {
    const params = fit(candidate.pattern, segments);
    if (!params) continue;
    if (candidate.method === method || (method === 'HEAD' && candidate.method === 'GET'))
      return { kind: 'route', route: candidate, params };
    allowed.push(candidate.method);
  }
  return allowed.length > 0 ? { kind: 'method', allowed } : { kind: 'none' };
}

function fit(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
