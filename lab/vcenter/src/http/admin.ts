import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { VCenterState } from '../state.ts';
import type { FaultList, InjectedFault } from './injected.ts';

const BODY_LIMIT = 1 << 20;
const KINDS = [
  'soapFault',
  'http',
  'reset',
  'lost',
  'truncate',
  'corrupt',
  'delay',
  'taskFault',
  'taskDelay',
  'rate',
];

class BadRequest extends Error {
  readonly code = 'bad_request';
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new BadRequest('The body is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new BadRequest('The body is no JSON.', { cause: error });
  }
}

/** One fault, or a list of them. */
function faultsIn(body: unknown): InjectedFault[] {
  return (Array.isArray(body) ? body : [body]).map((one: unknown) => {
    const kind = typeof one === 'object' && one !== null && 'kind' in one ? one.kind : undefined;
    if (typeof kind !== 'string' || !KINDS.includes(kind))
      throw new BadRequest(`A fault has a kind: ${KINDS.join(', ')}.`);
    return one as InjectedFault;
  });
}

/** What the administrator of the fake may do. */
export interface Admin {
  state(): VCenterState;
  readonly faults: FaultList;
  expireSessions(): void;
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
  if (asked === 'POST /_lab/sessions/expire') {
    admin.expireSessions();
    return {};
  }
  return undefined;
}

async function serve(admin: Admin, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const send = (status: number, json: unknown): void => {
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  try {
    const json = await answer(admin, request);
    if (json === undefined) send(404, { error: 'There is no such thing here.' });
    else send(200, json);
  } catch (error) {
    send(error instanceof BadRequest ? 400 : 500, { error: (error as Error).message });
  }
}

/** Serves the administrator's view over plain HTTP, on loopback only. @param port 0 takes a free one */
export async function listenAdmin(admin: Admin, port: number): Promise<Server> {
  const server = createServer((request, reply) => void serve(admin, request, reply));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
