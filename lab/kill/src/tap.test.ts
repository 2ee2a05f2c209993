import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Tap } from './tap.ts';

let echo: Server;
let tap: Tap;

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  tap = await Tap.open({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  await tap.close();
  echo.close();
});

async function client(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: tap.port });
  await once(socket, 'connect');
  return socket;
}

async function said(socket: Socket, word: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(word);
  return String((await answer)[0]);
}

test('carries bytes both ways', async () => {
  const socket = await client();
  expect(await said(socket, 'hello')).toBe('hello');
  socket.destroy();
});

test('a reset ends what is open and what comes, until it is mended', async () => {
  const first = await client();
  expect(await said(first, 'one')).toBe('one');
  const broken = once(first, 'error');
  tap.cut('reset', 60);
  expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
  const second = connect({ host: '127.0.0.1', port: tap.port });
  const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  tap.mend();
  const third = await client();
  expect(await said(third, 'again')).toBe('again');
  third.destroy();
});

test('in silence nothing is lost, only late', async () => {
  const socket = await client();
  expect(await said(socket, 'one')).toBe('one');
  tap.cut('silent', 60);
  let heard = '';
  socket.on('data', (data) => (heard += String(data)));
  const answer = once(socket, 'data');
  socket.write('two');
  const late = await client();
  const lateAnswer = once(late, 'data');
  late.write('three');
  // The echo itself answers directly: by then it would have come through.
  await new Promise((done) => setTimeout(done, 100));
  expect(heard).toBe('');
  tap.mend();
  expect(String((await answer)[0])).toBe('two');
  expect(String((await lateAnswer)[0])).toBe('three');
  socket.destroy();
  late.destroy();
});
