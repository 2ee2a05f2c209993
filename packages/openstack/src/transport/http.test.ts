import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpClient, readText, type TlsTrust } from './http.ts';

const signal = AbortSignal.timeout(20_000);
let server: Server;
let url: URL;
let cert: string;

beforeAll(async () => {
  // Key and certificate one after the other.
  const command =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ' +
    '-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout - -out -';
  const made = execFileSync('openssl', command.split(' '), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  cert = made.slice(made.indexOf('-----BEGIN CERTIFICATE'));
  server = createServer({ cert, key: made }, (request, response) => {
    if (request.url === '/hang-up') response.socket?.destroy();
    else if (request.url === '/long') response.end(Buffer.alloc(65 * 1024 * 1024));
    else response.end('hello');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function get(trust: TlsTrust, where: URL = url, times = 1): Promise<string> {
  const client = new HttpClient({ trust, timeoutSeconds: 5, userAgent: 'test' });
  try {
    let text = '';
    for (let time = 0; time < times; time += 1) {
      const answer = await client.send({ url: where, method: 'GET', headers: {}, signal });
      text = await readText(answer, where.host, signal);
    }
    return text;
  } finally {
    await client.close();
  }
}

const print = (): string => new X509Certificate(cert).fingerprint256;

test('a stranger is not trusted, and its fingerprint is told', async () => {
  await expect(get({})).rejects.toMatchObject({ code: 'untrusted_certificate', sha256: print() });
});

test('trust by authority, by fingerprint in any spelling, or of anybody', async () => {
  expect(await get({ ca: cert })).toBe('hello');
  expect(await get({ fingerprint: print() }, url, 3)).toBe('hello');
  expect(await get({ fingerprint: print().replaceAll(':', '').toLowerCase() })).toBe('hello');
  expect(await get({ fingerprint: new X509Certificate(cert).fingerprint })).toBe('hello');
  expect(await get({ insecure: true })).toBe('hello');
});

test('the authority does not help a server of another name', async () => {
  const other = new URL(`https://localhost:${url.port}/`);
  await expect(get({ ca: cert }, other)).rejects.toMatchObject({ code: 'untrusted_certificate' });
});

test('a pin is a pin, also beside insecure', async () => {
  const fingerprint = print().replace(/^../, (pair) => (pair === 'AA' ? 'BB' : 'AA'));
  await expect(get({ fingerprint, insecure: true })).rejects.toMatchObject({
    code: 'untrusted_certificate',
    sha256: print(),
  });
});

test('what never arrived is told apart from what may have', async () => {
  const nobody = new URL('http://127.0.0.1:9/');
  await expect(get({}, nobody)).rejects.toMatchObject({ code: 'unreachable', neverSent: true });
  const broken = new URL('/hang-up', url);
  await expect(get({ ca: cert }, broken)).rejects.toMatchObject({ code: 'unreachable', neverSent: false });
});

test('an answer that is too long is refused', async () => {
  await expect(get({ ca: cert }, new URL('/long', url))).rejects.toMatchObject({ code: 'protocol' });
});
