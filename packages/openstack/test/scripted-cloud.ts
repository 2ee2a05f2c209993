import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudConfig } from '../src/index.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** Breaks the connection instead of answering. */
  readonly hangUp?: boolean;
  /** Breaks the connection after the text. */
  readonly cutShort?: boolean;
}
export type Handler = (seen: Seen, count: number) => Reply;

export interface ScriptedCloud extends AsyncDisposable {
  readonly url: string;
  readonly config: CloudConfig;
  /** What came, but for the login and the version documents. */
  readonly calls: readonly Seen[];
  readonly logins: readonly Seen[];
  /** Replaces what `METHOD /path` answers; `count` counts its calls from 1. */
  on(route: string, handler: Handler): void;
  /** Never reads the body of this, nor answers. */
  stall(route: string, onBegin: () => void): void;
}

/** Null when the client breaks off. */
async function read(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.hangUp) {
    response.socket?.destroy();
    return;
  }
  const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
  if (reply.cutShort) {
    response.write(text, () => response.socket?.destroy());
    return;
  }
  response.end(text);
}

/** One HTTP server that is all services, and answers what the test says. */
export async function startScriptedCloud(): Promise<ScriptedCloud> {
  const handlers = new Map<string, Handler>();
  const counts = new Map<string, number>();
  const stalls = new Map<string, () => void>();
  const calls: Seen[] = [];
  const logins: Seen[] = [];
  let url = '';
  const catalog = (): unknown[] =>
    Object.entries({
      image: '',
      network: '/',
      compute: '/v2.1',
      'block-storage': '/v3/p1',
    }).map(([type, path]) => ({
      type,
      endpoints: [
        { interface: 'public', region: 'R1', region_id: 'R1', url: `${url}/${type}${path}` },
        { interface: 'public', region: 'R2', region_id: 'R2', url: 'http://127.0.0.1:1/wrong-region' },
      ],
    }));
  const token = (): Reply => ({
    status: 201,
    headers: { 'x-subject-token': `token-${logins.length}` },
    json: {
      token: {
        expires_at: new Date(Date.now() + 3600_000).toISOString(),
        project: { id: 'p1', name: 'one', domain: { id: 'default' } },
        user: { id: 'u1', name: 'someone' },
        roles: [{ name: 'member' }],
        catalog: catalog(),
      },
    },
  });
  handlers.set('POST /v3/auth/tokens', token);
  handlers.set('GET /compute/v2.1/', () => ({
    json: { version: { id: 'v2.1', version: '2.93', min_version: '2.1' } },
  }));
  handlers.set('GET /block-storage/v3/', () => ({
    json: { versions: [{ id: 'v3.0', version: '3.59', min_version: '3.0' }] },
  }));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const route = `${request.method ?? ''} ${pathname}`;
    const stalled = stalls.get(route);
    if (stalled) return stalled();
    const body = await read(request);
    if (!body) return;
    const seen: Seen = {
      method: request.method ?? '',
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: request.headers,
      body,
    };
    const count = (counts.get(route) ?? 0) + 1;
    counts.set(route, count);
    if (pathname === '/v3/auth/tokens') logins.push(seen);
    else if (!/\/v[\d.]+\/$/.test(pathname)) calls.push(seen);
    const handler = handlers.get(route);
    send(response, handler?.(seen, count) ?? { status: 404, json: { itemNotFound: { message: route } } });
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    calls,
    logins,
    config: {
      authUrl: url,
      auth: { type: 'password', user: { name: 'someone', domain: { id: 'default' } }, password: 'geheim' },
      project: { name: 'one', domain: { id: 'default' } },
      region: 'R1',
      interface: 'public',
      tls: {},
      endpointOverrides: {},
    },
    on: (route, handler) => handlers.set(route, handler),
    stall: (route, onBegin) => stalls.set(route, onBegin),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
