/** The one listener: finds the service and the route, checks the token, applies faults, sends the answer. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Token } from '../identity/state.ts';
import { ApiError, badRequest, notFound, unauthorized } from './api-error.ts';
import { keystoneEnvelope } from './envelopes.ts';
import type { Fault, Faults } from './faults.ts';
import { breakAfter, flipByte } from './faulty-body.ts';
import { negotiate, versionHeaders } from './microversion.ts';
import { send } from './send.ts';
import { match, type Call, type Reply, type Service } from './service.ts';

const JSON_LIMIT = 1 << 20;

export interface ListenerOptions {
  readonly services: readonly Service[];
  readonly faults: Faults;
  /** The live token of this id, or nothing. */
  readonly authenticate: (id: string) => Token | undefined;
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Where a bug of ours is told; a bug is answered with 500. */
  readonly onBug: (error: unknown) => void;
}

export function createListener(options: ListenerOptions): Server {
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    serve(options, request, response).catch(options.onBug);
  };
  const server = options.tls
    ? createTlsServer({ cert: options.tls.certificate, key: options.tls.key }, handler)
    : createServer(handler);
  server.requestTimeout = 0; // uploads last as long as they last
  return server;
}

async function serve(
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.on('error', () => {}); // a client that breaks off is seen by whoever reads the body
  response.on('error', () => {});
  const requestId = `req-${randomUUID()}`;
  const method = request.method ?? 'GET';
  const target = new URL(request.url ?? '/', 'http://localhost');
  const service = options.services.find(
    ({ prefix }) => target.pathname === prefix || target.pathname.startsWith(`${prefix}/`),
  );
  if (!service) {
    await send(
      response,
      method,
      { status: 404, json: { error: 'no such service', path: target.pathname } },
      {},
    );
    return;
  }
  const path = target.pathname.slice(service.prefix.length);
  const fault = options.faults.take(service.name, method, path + target.search);
  const headers: Record<string, string> = Object.fromEntries(
    service.requestIdHeaders.map((name) => [name, requestId]),
  );
  const ended = await beforehand(fault, request, response);
  if (ended) return;
  const reply = await answer(options, service, {
    request,
    response,
    requestId,
    method,
    path,
    target,
    fault,
    headers,
  });
  if (fault?.kind === 'reset') {
    request.socket.destroy();
    return;
  }
  if (reply.status === 401) headers['WWW-Authenticate'] = `Keystone uri="${originOf(request)}/identity"`;
  const cut = fault?.kind === 'truncate' ? fault.bytes : undefined;
  const flip = fault?.kind === 'corrupt' && method === 'GET' ? fault.offset : undefined;
  await send(response, method, reply, headers, { cut, flip });
}

/** True when the fault is the whole answer. */
async function beforehand(
  fault: Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!fault) return false;
  if (fault.kind === 'hang') return true;
  if (fault.kind === 'reset' && (fault.when ?? 'before') === 'before' && fault.afterBytes === undefined) {
    request.socket.destroy();
    return true;
  }
  if (fault.kind === 'delay') {
    await sleep(fault.milliseconds, undefined, { ref: false });
    return response.destroyed;
  }
  return false;
}

interface Circumstances {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly target: URL;
  readonly fault: Fault | undefined;
  /** Added to the answer, whatever it becomes. */
  readonly headers: Record<string, string>;
}

async function answer(options: ListenerOptions, service: Service, seen: Circumstances): Promise<Reply> {
  const { request, fault } = seen;
  try {
    if (fault?.kind === 'status')
      throw new ApiError(fault.status, fault.message ?? 'A fault on demand.', 'Fault', fault.headers);
    return await dispatch(options, service, seen);
  } catch (error) {
    if (error instanceof ApiError) {
      const refusedByMiddleware = error.status === 401 && error.code === 'Unauthorized';
      return refusedByMiddleware
        ? keystoneEnvelope(error)
        : service.envelope(error, request.headers.accept ?? '');
    }
    if (!request.destroyed && !isBrokenOff(error)) options.onBug(error);
    return service.envelope(
      new ApiError(500, 'The fake has a bug; its log tells.'),
      request.headers.accept ?? '',
    );
  }
}

async function dispatch(options: ListenerOptions, service: Service, seen: Circumstances): Promise<Reply> {
  const { request, fault, method } = seen;
  let minor = 0;
  if (service.microversions) {
    minor = negotiate(request.headers, service.microversions);
    Object.assign(seen.headers, versionHeaders(service.microversions, minor));
  }
  const tokenId = request.headers['x-auth-token'];
  const token = typeof tokenId === 'string' ? options.authenticate(tokenId) : undefined;
  let segments: readonly string[] = decode(seen.path);
  segments = service.normalise?.(segments, token) ?? segments;
  const found = match(service.routes, method, segments);
  if (found.kind !== 'route' || !found.route.open) {
    if (!token) throw unauthorized();
  }
  if (found.kind === 'none') throw notFound('The resource could not be found.', 'HTTPNotFound');
  if (found.kind === 'method')
    throw new ApiError(405, `The method ${method} is not allowed here.`, 'HTTPMethodNotAllowed', {
      Allow: found.allowed.join(', '),
    });
  if (minor < found.route.since) throw notFound('The resource could not be found.', 'HTTPNotFound');
  const call: Call = {
    service: service.name,
    method,
    path: `/${segments.join('/')}`,
    params: found.params,
    query: seen.target.searchParams,
    request,
    response: seen.response,
    requestId: seen.requestId,
    origin: originOf(request),
    minor,
    doom: fault?.kind === 'doom' ? (fault.message ?? 'A fault on demand.') : undefined,
    get token(): Token {
      if (!token) throw unauthorized();
      return token;
    },
    body: faultyBody(request, fault),
    json: async () => parse(await collect(call.body)),
  };
  return found.route.handle(call);
}

function faultyBody(request: IncomingMessage, fault: Fault | undefined): Readable {
  if (fault?.kind === 'reset' && fault.afterBytes !== undefined) return breakAfter(request, fault.afterBytes);
  if (fault?.kind === 'corrupt' && request.method !== 'GET') return request.pipe(flipByte(fault.offset));
  return request;
}

function decode(path: string): string[] {
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    throw badRequest('The path is not valid percent-encoding.');
  }
}

async function collect(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > JSON_LIMIT) throw new ApiError(413, 'Request is too large.', 'RequestTooLarge');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw badRequest('Malformed request body: it is not JSON.', 'HTTPBadRequest');
  }
}

/** The address the client used, so that links and the catalogue work through any name of this host. */
function originOf(request: IncomingMessage): string {
  const secure = 'encrypted' in request.socket;
  const local = `${request.socket.localAddress ?? '127.0.0.1'}:${request.socket.localPort ?? 0}`;
  return `${secure ? 'https' : 'http'}://${request.headers.host ?? local}`;
}

function isBrokenOff(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
