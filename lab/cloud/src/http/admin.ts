/** The administrator's view over plain HTTP: what there is, and what shall go wrong. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudState } from '../state.ts';
import { ApiError, badRequest } from './api-error.ts';
import type { Fault, FaultList } from './faults.ts';
import { isObject } from './json.ts';

const BODY_LIMIT = 1 << 20;
const KINDS = ['status', 'reset', 'hang', 'delay', 'truncate', 'doom', 'corrupt'];

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw badRequest('The body is too large.');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    throw badRequest('The body is no JSON.');
  }
}

/** One fault, or a list; `path` is the text of a regular expression. */
function faultsIn(body: unknown): Fault[] {
  return (Array.isArray(body) ? body : [body]).map((one: unknown) => {
    if (!isObject(one) || typeof one['kind'] !== 'string' || !KINDS.includes(one['kind']))
      throw badRequest(`A fault has a kind: ${KINDS.join(', ')}.`);
    const { path, ...rest } = one;
    try {
      return { ...rest, ...(typeof path === 'string' ? { path: new RegExp(path) } : {}) } as Fault;
    } catch {
      throw badRequest(`This path is no regular expression: ${String(path)}`);
    }
  });
}

/** What the administrator of the fake may do. */
export interface Admin {
  state(): CloudState;
  readonly faults: FaultList;
  revokeTokens(): void;
}

async function answer(admin: Admin, request: IncomingMessage): Promise<unknown> {
  const asked = `${request.method ?? ''} ${request.url ?? ''}`;
  if (asked === 'GET /_lab/state') return admin.state();
  if (asked === 'POST /_lab/faults') {
    const faults = faultsIn(await bodyOf(request));
    for (const fault of faults) admin.faults.add(fault);
    return { added: faults.length };
  }
  if (asked === 'DELETE /_lab/faults') {
    admin.faults.clear();
    return {};
  }
  if (asked === 'POST /_lab/tokens/revoke') {
    admin.revokeTokens();
    return {};
  }
  throw new ApiError(404, 'There is no such thing here.');
}

async function serve(admin: Admin, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, json: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  try {
    send(200, await answer(admin, request));
  } catch (error) {
    send(error instanceof ApiError ? error.status : 500, { error: (error as Error).message });
  }
}

/** Listens on loopback only. @param port 0 takes a free one; @returns its address, and how to end it */
export async function listenAdmin(
  admin: Admin,
  port: number,
): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((request, response) => void serve(admin, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
