import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GutsError } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import { envelope } from '../errors.ts';

/** All headers of a request together; bytes. */
export const HEADER_BYTES = 16 * 1024;
const HEADERS = 100;

/**
 * Node drops headers beyond a number in silence, a token with them, and all Hosts but the first: too many are refused
 * in words instead. So is a request without a Host, which Node would refuse without any (RFC 9112, section 3.2).
 */
export function boundHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (request.raw.rawHeaders.length / 2 <= HEADERS) return;
    const failure = new Error(`the request has more than ${HEADERS} headers`);
    throw Object.assign(failure, { statusCode: 431 });
  });
  app.addHook('onRequest', async ({ raw }) => {
    const hosts = raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
    if (hosts === 1 || (hosts === 0 && raw.httpVersion === '1.0')) return;
    throw new GutsError('bad_request', `the request has ${hosts === 0 ? 'no' : 'more than one'} Host`, {
      field: 'headers.host',
      remedy: 'Send the header Host once.',
    });
  });
}

/** What the HTTP parser refuses: answered like every other error, though no request came of it. */
export function refuseUnreadable(failure: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (failure.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, error] =
    failure.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, new GutsError('too_large', `the headers are longer than ${HEADER_BYTES} bytes`)] as const)
      : failure.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, new GutsError('bad_request', 'the request did not arrive in time')] as const)
        : ([400, new GutsError('bad_request', 'this is no HTTP request')] as const);
  const body = JSON.stringify(envelope(error, status, requestId));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-openstack-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
