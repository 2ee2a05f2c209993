import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { expect, onTestFinished, test } from 'vitest';
import { ProtocolError, UnreachableError, UntrustedCertificateError } from '../src/errors.ts';
import { RangeClient } from '../src/transport/range-client.ts';

const { signal } = new AbortController();
const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 8)) & 255));

interface Asked {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Of the connections, and of the requests on it; from 0. */
  readonly connection: number;
  readonly request: number;
}
type Answer = (socket: TLSSocket, asked: Asked) => void;

/** A server that answers as a test says. */
async function serve(answer: Answer, timeoutSeconds = 5) {
  const pem = await generate([{ name: 'commonName', value: 'localhost' }]);
  let connections = 0;
  const sockets = new Set<TLSSocket>();
  const server: Server = createServer({ key: pem.private, cert: pem.cert }, (socket) => {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    let request = 0;
    let text = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      if (!text.endsWith('\r\n\r\n')) return;
      const [, from = '', to = ''] = /Range: bytes=(\d+)-(\d+)\r\n/.exec(text) ?? [];
      const asked = { text, from: Number(from), to: Number(to), connection, request };
      text = '';
      request += 1;
      answer(socket, asked);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const client = new RangeClient({ trust: { insecure: true }, timeoutSeconds, userAgent: 'guts' });
  onTestFinished(() => {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/folder/a%20b?x=1`);
  const read = async (offset: number, length: number, own = signal): Promise<Buffer | false> => {
    const into = Buffer.alloc(length);
    return (await client.fetch(url, { cookie: 'a=b' }, offset, into, own)) && into;
  };
  return { read, url, connections: () => connections };
}

function plain(socket: TLSSocket, { from, to }: Asked, more = ''): void {
  const body = FILE.subarray(from, to + 1);
  socket.write(
    `HTTP/1.1 206 Partial Content\r\nContent-Length: ${body.length}\r\nContent-Range: bytes ${from}-${to}/${FILE.length}\r\n${more}\r\n`,
  );
  socket.write(body);
}

test('ranges come as they are asked for, on connections that are used again', async () => {
  const seen: string[] = [];
  const { read, connections } = await serve((socket, asked) => {
    seen.push(asked.text);
    plain(socket, asked);
  });
  for (const [offset, length] of [
    [0, 1],
    [1, 299_999],
    [70_000, 65_536],
  ] as const)
    expect(await read(offset, length)).toEqual(FILE.subarray(offset, offset + length));
  expect(connections()).toBe(1);
  expect(seen[0]).toMatch(/^GET \/folder\/a%20b\?x=1 HTTP\/1.1\r\nhost: 127.0.0.1:\d+\r\n/);
  expect(seen[0]).toContain('cookie: a=b\r\n');
  const all = await Promise.all([1, 2, 3].map((at) => read(at * 1000, 50_000)));
  expect(all).toEqual([1, 2, 3].map((at) => FILE.subarray(at * 1000, at * 1000 + 50_000)));
  expect(connections()).toBe(3);
});

test('an answer that comes byte by byte, or all at once, is the same', async () => {
  const { read } = await serve((socket, { from, to }) => {
    const head = `HTTP/1.1 206 Partial Content\r\nContent-Length: ${to - from + 1}\r\nContent-Range: bytes ${from}-${to}/*\r\n\r\n`;
    const whole = Buffer.concat([Buffer.from(head), FILE.subarray(from, to + 1)]);
    if (from === 0) socket.write(whole);
    else for (const byte of whole) socket.write(Uint8Array.of(byte));
  });
  expect(await read(0, 200)).toEqual(FILE.subarray(0, 200));
  expect(await read(1, 200)).toEqual(FILE.subarray(1, 201));
});

test('a connection that the server closed meanwhile is replaced, one that it says it will close is not used again', async () => {
  const { read, connections } = await serve((socket, asked) => {
    if (asked.connection === 0 && asked.request === 1) socket.destroy();
    else plain(socket, asked, asked.connection === 1 ? 'Connection: close\r\n' : '');
  });
  for (const offset of [0, 10, 20])
    expect(await read(offset, 10)).toEqual(FILE.subarray(offset, offset + 10));
  expect(connections()).toBe(3);
});

test('what is not plain is told, and its connection forgotten', async () => {
  const { read, connections } = await serve((socket, asked) => {
    if (asked.connection === 0) socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnone');
    else if (asked.connection === 1) socket.write('x'.repeat(40_000));
    else plain(socket, asked);
  });
  expect(await read(0, 10)).toBe(false);
  expect(await read(0, 10)).toBe(false);
  expect(await read(0, 10)).toEqual(FILE.subarray(0, 10));
  expect(connections()).toBe(3);
});

test('a body that ends early, stands still or is too long is an error', async () => {
  const { read } = await serve((socket, { from, to, connection }) => {
    const head = `HTTP/1.1 206 Partial Content\r\nContent-Length: ${to - from + 1}\r\nContent-Range: bytes ${from}-${to}/*\r\n\r\n`;
    socket.write(head);
    if (connection === 0) socket.end(FILE.subarray(0, 5));
    else if (connection === 1) socket.write(FILE.subarray(0, 5));
    else socket.write(FILE.subarray(0, 5000));
  }, 0.3);
  await expect(read(0, 10)).rejects.toThrow(UnreachableError);
  await expect(read(0, 10)).rejects.toThrow(/no byte for 0.3 seconds/);
  await expect(read(0, 10)).rejects.toThrow(ProtocolError);
});

test('an abort ends the request and its connection, and no other', async () => {
  const stop = new AbortController();
  const { read, connections } = await serve((socket, asked) => {
    if (asked.from === 500) setTimeout(() => stop.abort(new Error('told to stop')), 10);
    else plain(socket, asked);
  });
  await expect(read(500, 10, stop.signal)).rejects.toThrow('told to stop');
  await expect(read(500, 10, stop.signal)).rejects.toThrow('told to stop');
  expect(await read(0, 10)).toEqual(FILE.subarray(0, 10));
  expect(connections()).toBe(2);
});

test('a stranger is not trusted', async () => {
  const { url } = await serve(plain);
  const client = new RangeClient({
    trust: { fingerprint: 'AA'.repeat(32) },
    timeoutSeconds: 5,
    userAgent: 'guts',
  });
  await expect(client.fetch(url, {}, 0, Buffer.alloc(1), signal)).rejects.toThrow(UntrustedCertificateError);
  client.close();
});
