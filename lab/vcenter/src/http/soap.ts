import type { IncomingMessage, ServerResponse } from 'node:http';
import { METHODS } from '../methods/table.ts';
import { OPEN_METHODS, SERVICE_INSTANCE } from '../methods/session.ts';
import { OutOfSessions } from '../sessions.ts';
import { faultEnvelope, notAuthenticated, response, VimFault } from '../soap/faults.ts';
import { child, MalformedRequest, parseXml, type Node } from '../soap/parse.ts';
import type { Ref } from '../soap/values.ts';
import type { Vim } from '../vim.ts';

const BODY_LIMIT = 16 * 1024 * 1024;

/** A SOAP request, read but not yet carried out. */
export interface SoapRequest {
  readonly method: string;
  readonly node: Node;
}

/** @throws MalformedRequest */
export async function readSoap(request: IncomingMessage): Promise<SoapRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new MalformedRequest('The request is too large.');
    chunks.push(chunk);
  }
  const envelope = parseXml(Buffer.concat(chunks).toString('utf8'));
  const node = child(envelope, 'Body')?.children[0];
  if (node === undefined) throw new MalformedRequest('The request has no SOAP body.');
  return { method: node.name, node };
}

/** Carries out one call and answers it. @param lost the answer never arrives, whatever it would have been */
export async function answerSoap(
  vim: Vim,
  soap: SoapRequest,
  request: IncomingMessage,
  reply: ServerResponse,
  lost: boolean,
): Promise<void> {
  const gone = new AbortController();
  reply.on('close', () => gone.abort());
  try {
    const xml = await invoke(vim, soap, request, reply, AbortSignal.any([gone.signal, vim.closing]));
    if (lost) reply.destroy();
    else send(reply, 200, xml);
  } catch (error) {
    if (lost) return void reply.destroy();
    if (error instanceof OutOfSessions) {
      reply.writeHead(503, { 'content-type': 'text/plain' }).end(error.message);
    } else send(reply, 500, faultEnvelope(asFault(error)));
  }
}

async function invoke(
  vim: Vim,
  soap: SoapRequest,
  request: IncomingMessage,
  reply: ServerResponse,
  signal: AbortSignal,
): Promise<string> {
  const { method, node } = soap;
  const self = selfOf(node);
  const session = vim.sessions.find(request.headers.cookie);
  const run = METHODS[method];
  if (run === undefined) {
    throw new VimFault('MethodNotFound', `The fake vCenter does not implement: ${method}`, {
      receiver: { kind: 'ref', ref: self },
      method: { kind: 'scalar', type: 'string', text: method },
    });
  }
  if (session === undefined && !OPEN_METHODS.has(method)) throw notAuthenticated(self);
  const value = await run({
    vim,
    method,
    session,
    self,
    args: node,
    signal,
    setCookie: (cookie) => {
      reply.setHeader('set-cookie', `vmware_soap_session="${cookie}"; Path=/; HttpOnly; Secure`);
    },
  });
  return response(method, value);
}

function selfOf(node: Node): Ref {
  const self = child(node, '_this');
  return self === undefined
    ? SERVICE_INSTANCE
    : { type: self.attributes['type'] ?? '', id: self.text.trim() };
}

function asFault(error: unknown): VimFault {
  if (error instanceof VimFault) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new VimFault('RuntimeFault', `Internal error of the fake vCenter: ${text}`);
}

function send(reply: ServerResponse, status: number, xml: string): void {
  reply.writeHead(status, {
    'content-type': 'text/xml; charset=utf-8',
    'content-length': Buffer.byteLength(xml),
  });
  reply.end(xml);
}
