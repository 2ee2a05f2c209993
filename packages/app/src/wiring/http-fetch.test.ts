import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpFetchWithin } from './http-fetch.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

describe('the fetch of guts', () => {
  test('sends a body with its length in bytes, and reads status, headers and text', async () => {
    const url = await serve((request, answer) => {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      request.on('end', () => {
        answer.writeHead(201, { 'x-told': `${request.method} ${request.headers['content-length']}` });
        answer.end(`${text}!`);
      });
    });
    const answer = await httpFetchWithin(5000)(url, { method: 'POST', body: 'grüße' });
    expect([answer.ok, answer.status, answer.headers.get('X-Told')]).toEqual([true, 201, 'POST 7']);
    expect(answer.headers.get('x-none')).toBeNull();
    expect(await answer.text()).toBe('grüße!');
  });

  test('who never answers, or stops in the middle of an answer, is given up', async () => {
    const silent = await serve(() => undefined);
    await expect(httpFetchWithin(50)(silent, {})).rejects.toThrow(/said nothing for 0.05 seconds/);
    server?.closeAllConnections();
    server?.close();
    const half = await serve((_request, answer) => {
      answer.writeHead(200);
      answer.write('{"half":');
    });
    const answer = await httpFetchWithin(50)(half, {});
    await expect(answer.text()).rejects.toThrow(/said nothing for 0.05 seconds/);
  });

  test('ends when its signal does', async () => {
    const url = await serve(() => undefined);
    await expect(httpFetchWithin(5000)(url, { signal: AbortSignal.timeout(30) })).rejects.toThrow(/aborted/);
  });
});
