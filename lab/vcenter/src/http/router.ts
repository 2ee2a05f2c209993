import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultEnvelope, VimFault } from '../soap/faults.ts';
import { MalformedRequest } from '../soap/parse.ts';
import { wait } from '../tasks.ts';
import type { Vim } from '../vim.ts';
import { answerFolder } from './folder.ts';
import type { FaultList, InjectedFault } from './injected.ts';
import { answerNfc } from './nfc.ts';
import type { Shape } from './pour.ts';
import { answerSoap, readSoap } from './soap.ts';

/** Answers one request of either listener. */
export async function route(
  vim: Vim,
  faults: FaultList,
  listener: 'vcenter' | 'esxi',
  request: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://fake.invalid');
  const isSoap = /^\/sdk(\/vimService)?\/?$/.test(url.pathname) && request.method === 'POST';
  let soap;
  try {
    soap = isSoap ? await readSoap(request) : undefined;
  } catch (error) {
    if (!(error instanceof MalformedRequest)) throw error;
    reply.writeHead(500, { 'content-type': 'text/xml; charset=utf-8' });
    return void reply.end(faultEnvelope(new VimFault('InvalidRequest', error.message)));
  }
  const hit = faults.take(url.pathname, soap?.method);
  if (await spoiled(hit, vim, reply)) return;
  if (listener === 'vcenter' && soap !== undefined) {
    const lost = hit.some((fault) => fault.kind === 'lost');
    return answerSoap(vim, soap, request, reply, lost);
  }
  const shape = shapeOf(hit);
  if (listener === 'esxi' && url.pathname.startsWith('/nfc/'))
    return answerNfc(vim, url.pathname, request, reply, shape);
  if (listener === 'vcenter' && url.pathname.startsWith('/folder/'))
    return answerFolder(vim, url, request, reply, shape);
  if (listener === 'vcenter' && url.pathname === '/sdk/vimServiceVersions.xml') {
    return void reply.writeHead(200, { 'content-type': 'text/xml' }).end(versions(vim.settings.apiVersion));
  }
  reply.writeHead(404).end();
}

/** Carries out what spoils an answer wholly; true when nothing is left to answer. */
async function spoiled(hit: readonly InjectedFault[], vim: Vim, reply: ServerResponse): Promise<boolean> {
  for (const fault of hit) {
    if (fault.kind === 'delay') await wait(fault.ms, vim.closing);
    if (fault.kind === 'reset') {
      reply.destroy();
      return true;
    }
    if (fault.kind === 'http') {
      reply.writeHead(fault.status).end(fault.body ?? '');
      return true;
    }
    if (fault.kind === 'soapFault') {
      const xml = faultEnvelope(new VimFault(fault.name, fault.message ?? `Injected fault ${fault.name}.`));
      reply.writeHead(500, { 'content-type': 'text/xml; charset=utf-8' }).end(xml);
      return true;
    }
  }
  return false;
}

function shapeOf(hit: readonly InjectedFault[]): Shape {
  let shape: Shape = {};
  for (const fault of hit) {
    if (fault.kind === 'truncate') shape = { ...shape, truncateAt: fault.bytes };
    if (fault.kind === 'corrupt') shape = { ...shape, corruptAt: fault.offset };
    if (fault.kind === 'rate') shape = { ...shape, rate: fault.bytesPerSecond };
  }
  return shape;
}

function versions(api: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<namespaces version="1.0"><namespace><name>urn:vim25</name>' +
    `<version>${api}</version><priorVersions><version>7.0.3.0</version><version>6.7</version><version>6.5</version>` +
    '<version>6.0</version></priorVersions></namespace></namespaces>'
  );
}
