import { createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import fc from 'fast-check';
import { generate } from 'selfsigned';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { ProtocolError, UnreachableError, UntrustedCertificateError } from '../src/errors.ts';
import { downloadBody } from '../src/transport/body-download.ts';
import type { TlsTrust } from '../src/transport/tls.ts';

const { signal } = new AbortController();
const DATA = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 255));
let pem: { private: string; cert: string };
beforeAll(async () => {
  pem = await generate([{ name: 'commonName', value: 'localhost' }]);
});

/** @param raw the socket below */
type Answer = (socket: TLSSocket, request: string, raw: Socket) => void;

/** A server that answers as a test says. */
async function serve(answer: Answer, timeoutSeconds = 5) {
  const sockets = new Set<TLSSocket>();
  const raw: Socket[] = [];
  const server = createServer({ key: pem.private, cert: pem.cert }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const [own] = raw.splice(0, 1);
    if (own) socket.once('data', (request) => answer(socket, request.toString('latin1'), own));
  });
  server.on('connection', (socket) => raw.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/nfc/disk%200.vmdk?x=1`);
  const open = (trust: TlsTrust = { insecure: true }, own = signal) =>
    downloadBody(url, { trust, timeoutSeconds, userAgent: 'guts' }, own);
  return { open, sockets };
}

/** All that comes, copied piece by piece, for their memory is used again. */
async function read(body: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  if (!body) throw new Error('the answer is not plain');
  const parts: Buffer[] = [];
  for await (const piece of body) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

const HEAD = {
  length: `HTTP/1.1 200 OK\r\nContent-Length: ${DATA.length}\r\n\r\n`,
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  close: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n',
} as const;
type Framing = keyof typeof HEAD;
const framings = Object.keys(HEAD) as Framing[];

/** An answer's bytes. */
function whole(framing: Framing, data = DATA, chunk = 100_000): Buffer {
  const head = Buffer.from(HEAD[framing].replace(String(DATA.length), String(data.length)));
  if (framing !== 'chunked') return Buffer.concat([head, data]);
  const parts: Buffer[] = [head];
  for (let at = 0; at < data.length; at += chunk) {
    const part = data.subarray(at, at + chunk);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

test.for(framings)('a body comes as it was sent: %s', async (framing) => {
  let asked = '';
  const { open } = await serve((socket, request) => {
    asked = request;
    socket.write(whole(framing));
    if (framing === 'close') socket.end();
  });
  expect((await read(await open())).equals(DATA)).toBe(true);
  expect(asked).toMatch(
    /^GET \/nfc\/disk%200\.vmdk\?x=1 HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nuser-agent: guts\r\n\r\n$/,
  );
});

test('a body comes as it was sent, in whatever pieces', async () => {
  const sample = fc.record({
    framing: fc.constantFrom(...framings),
    length: fc.integer({ min: 0, max: 3000 }),
    chunk: fc.integer({ min: 1, max: 700 }),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(sample, async ({ framing, length, chunk, cuts }) => {
      const data = DATA.subarray(0, length);
      const { open, sockets } = await serve((socket) => {
        const answer = whole(framing, data, chunk);
        const at = [0, ...cuts.map((cut) => cut % answer.length).toSorted((a, b) => a - b), answer.length];
        for (let i = 1; i < at.length; i += 1) socket.write(answer.subarray(at[i - 1], at[i]));
        if (framing === 'close') socket.end();
      });
      expect((await read(await open())).equals(data)).toBe(true);
      for (const socket of sockets) socket.destroy();
    }),
    { numRuns: 40 },
  );
});

test('an answer that is cut anywhere is an error, unless the end of the connection is its end', async () => {
  const sample = fc.record({
    framing: fc.constantFrom(...framings),
    part: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    how: fc.constantFrom('end', 'broken'),
  });
  await fc.assert(
    fc.asyncProperty(sample, async ({ framing, part, how }) => {
      const answer = whole(framing, DATA.subarray(0, 2000), 300);
      const cut = Math.floor(answer.length * part);
      const { open } = await serve((socket, _request, raw) => {
        // What is no TLS breaks the connection: Node ends that of a socket which is reset.
        socket.write(answer.subarray(0, cut), () =>
          how === 'end' ? socket.end() : raw.write('no TLS'.repeat(10)),
        );
      });
      const outcome = await open()
        .then(read)
        .catch((error: unknown) => error);
      const isWell = framing === 'close' && how === 'end' && cut >= HEAD.close.length;
      const isSame = outcome instanceof Buffer && outcome.equals(DATA.subarray(0, cut - HEAD.close.length));
      expect(isWell ? isSame : outcome instanceof UnreachableError).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('a body that is damaged or longer than it says is an error', async () => {
  const answers = [`${HEAD.chunked}5\r\nabcdefgh\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef'];
  for (const text of answers) {
    const { open } = await serve((socket) => void socket.write(text));
    await expect(open().then(read)).rejects.toThrow(ProtocolError);
  }
});

test('what is not plain is left to another client', async () => {
  const answers = [
    'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone',
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx',
    'x'.repeat(40_000),
  ];
  for (const text of answers) {
    const { open, sockets } = await serve((socket) => void socket.write(text));
    expect(await open()).toBeNull();
    const [socket] = sockets;
    if (socket && !socket.destroyed) await once(socket, 'close');
  }
});

test('a server that stands still is given up, one that waits for us is not', async () => {
  const { open } = await serve((socket) => void socket.write(whole('length').subarray(0, 1000)), 0.3);
  await expect(open().then(read)).rejects.toThrow(/no byte for 0.3 seconds/);

  // Far more than what the kernel and we take before anybody asks.
  const large = Buffer.concat(Array.from({ length: 10 }, () => DATA));
  const sending = await serve((socket) => void socket.write(whole('length', large)), 2);
  const body = await sending.open();
  // Longer than a server may stand still.
  await new Promise((resolve) => {
    setTimeout(resolve, 2700);
  });
  const [socket] = sending.sockets;
  expect(socket?.writableLength).toBeGreaterThan(0);
  expect((await read(body)).equals(large)).toBe(true);
});

test('an abort, and a reader that stops, end the connection', async () => {
  const { open, sockets } = await serve((socket) => void socket.write(whole('length').subarray(0, 500_000)));
  const stop = new AbortController();
  const reading = async (): Promise<void> => {
    const body = await open({ insecure: true }, stop.signal);
    for await (const piece of body ?? []) if (piece.length > 0) stop.abort(new Error('told to stop'));
  };
  await expect(reading()).rejects.toThrow('told to stop');
  for await (const piece of (await open()) ?? []) if (piece.length > 0) break;
  // Also while it waits for bytes that do not come.
  const waiting = (await open())?.[Symbol.asyncIterator]();
  for (let left = 500_000 - HEAD.length.length; left > 0;) {
    const next = await waiting?.next();
    left -= next?.value?.length ?? left;
  }
  const rest = waiting?.next();
  await waiting?.return?.();
  expect(await rest).toEqual({ done: true, value: undefined });
  expect(sockets.size).toBe(3);
  for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
});

test('who is not trusted is left to a client that shows the certificate; who is not the pinned one is refused', async () => {
  const { open } = await serve((socket) => void socket.write(whole('length')));
  expect(await open({})).toBeNull();
  await expect(open({ fingerprint: 'AA'.repeat(32) })).rejects.toThrow(UntrustedCertificateError);
});
