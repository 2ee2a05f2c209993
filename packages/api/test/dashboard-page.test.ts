import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { openStore } from '@guts/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/index.ts';
import { optionsFor, TOKEN } from './rig.ts';

const PAGE = '<!doctype html><title>GUTS</title><div id="guts-root"></div>';
const SCRIPT = `console.log(${JSON.stringify('a long script '.repeat(200))});`;
const OUTSIDE = 'nobody may read this';

const store = await openStore({ url: 'sqlite::memory:' });
const root = mkdtempSync(join(tmpdir(), 'guts-dashboard-'));
const folder = join(root, 'dashboard');
let api: Api;
let address: URL;

beforeAll(async () => {
  await store.upgrade();
  mkdirSync(join(folder, 'assets'), { recursive: true });
  mkdirSync(join(folder, '.vite'));
  writeFileSync(join(root, 'secret.txt'), OUTSIDE);
  writeFileSync(join(folder, 'index.html'), PAGE);
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets/index-Ab12.js'), SCRIPT);
  writeFileSync(join(folder, 'assets/a b.css'), 'body{}');
  writeFileSync(join(folder, 'assets/font.woff2'), Buffer.alloc(4096));
  writeFileSync(join(folder, '.vite/manifest.json'), '{"hidden":true}');
  symlinkSync(join(root, 'secret.txt'), join(folder, 'assets/link.txt'));
  api = createApi(optionsFor(store, { dashboardFolder: folder }));
  address = new URL(await api.listen());
});
afterAll(async () => {
  await api.close();
  await store.close();
  rmSync(root, { recursive: true });
});
const get = (url: string, headers: Record<string, string> = {}) =>
  api.inject({ method: 'GET', url, headers });

test('the address without a slash leads to the one with it, also behind a proxy with a path', async () => {
  const answer = await get('/dashboard');
  expect([answer.statusCode, answer.headers.location]).toEqual([302, 'dashboard/']);
});

test.each([
  '/dashboard/',
  '/dashboard/index.html',
  '/dashboard/migrations/4711?tab=disks',
  '/dashboard/a.b/c',
])('%s is the page, for anybody, and asked for anew each time', async (url) => {
  const answer = await get(url);
  expect([answer.statusCode, answer.body]).toEqual([200, PAGE]);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  });
});

test('its policy lets in nothing but our own files, runs no script of the page, and shows it in no frame', async () => {
  const answer = await get('/dashboard/');
  const directives = Object.fromEntries(
    String(answer.headers['content-security-policy'])
      .split('; ')
      .map((one) => [one.slice(0, one.indexOf(' ')), one.slice(one.indexOf(' ') + 1)]),
  );
  expect(directives).toEqual({
    'default-src': "'self'",
    'style-src': "'self'",
    'style-src-attr': "'unsafe-inline'",
    'img-src': "'self' data:",
    'font-src': "'self' data:",
    'object-src': "'none'",
    'base-uri': "'self'",
    'form-action': "'self'",
    'frame-ancestors': "'none'",
  });
});

test.each([
  ['assets/index-Ab12.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['assets/a%20b.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['assets/font.woff2', 'font/woff2', 'public, max-age=31536000, immutable'],
  ['icon.svg', 'image/svg+xml', 'no-cache'],
])('%s is served as %s, kept: %s', async (path, type, kept) => {
  const answer = await get(`/dashboard/${path}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': type,
    'cache-control': kept,
    'x-content-type-options': 'nosniff',
  });
});

test.each([
  ['br', 'br', brotliDecompressSync],
  ['gzip, deflate, br;q=0', 'gzip', gunzipSync],
  ['GZIP;q=0.5', 'gzip', gunzipSync],
  ['identity', undefined, (bytes: Buffer) => bytes],
  ['br;q=0.0, gzip;q=0', undefined, (bytes: Buffer) => bytes],
] as const)('who accepts %s gets it as %s', async (accepted, encoding, open) => {
  // Twice: made, and made already.
  for (let time = 0; time < 2; time += 1) {
    const answer = await get('/dashboard/assets/index-Ab12.js', { 'accept-encoding': accepted });
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers.vary).toBe('Accept-Encoding');
    expect(open(answer.rawPayload).toString()).toBe(SCRIPT);
  }
});

test('fonts, and what is small, are not compressed', async () => {
  for (const path of ['', 'assets/font.woff2'])
    expect(
      (await get(`/dashboard/${path}`, { 'accept-encoding': 'br, gzip' })).headers['content-encoding'],
    ).toBeUndefined();
});

test('who has a file is told that it is the same', async () => {
  const etag = String((await get('/dashboard/')).headers.etag);
  const again = await get('/dashboard/', { 'if-none-match': `"other", ${etag}` });
  expect([again.statusCode, again.body]).toEqual([304, '']);
  expect((await get('/dashboard/', { 'if-none-match': '"other"' })).statusCode).toBe(200);
  const asset = (await get('/dashboard/assets/index-Ab12.js')).headers.etag;
  expect(asset).not.toBe(etag);
});

test('a head is answered without a body', async () => {
  const answer = await api.inject({ method: 'HEAD', url: '/dashboard/assets/index-Ab12.js' });
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
  expect(answer.headers['content-length']).toBe(String(SCRIPT.length));
});

test('an asset that is gone is not answered with the page', async () => {
  const answer = await get('/dashboard/assets/index-old.js');
  expect(answer.statusCode).toBe(404);
  expect(answer.json().error.remedy).toMatch(/Load the page again/);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'] as const)('%s is for no path of it', async (method) => {
  for (const url of ['/dashboard/', '/dashboard/assets/index-Ab12.js'])
    expect((await api.inject({ method, url })).statusCode).toBe(404);
});

/** A path as it is sent, byte by byte: clients would tidy it up. */
async function raw(path: string): Promise<string> {
  const socket = connect(Number(address.port), address.hostname);
  socket.end(`GET ${path} HTTP/1.1\r\nhost: guts.test\r\nconnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test.each([
  '/dashboard/../secret.txt',
  '/dashboard/../../etc/passwd',
  '/dashboard/assets/../../secret.txt',
  '/dashboard/assets/..%2f..%2fsecret.txt',
  '/dashboard/assets/%2e%2e/%2e%2e/secret.txt',
  '/dashboard/%2e%2e%2fsecret.txt',
  '/dashboard/..%5csecret.txt',
  '/dashboard/..\\secret.txt',
  '/dashboard/%252e%252e%252fsecret.txt',
  '/dashboard//etc/passwd',
  '/dashboard/%2fetc%2fpasswd',
  '/dashboard/assets/link.txt',
  '/dashboard/.vite/manifest.json',
  '/dashboard/assets/%00',
  '/dashboard/%ff',
  '/dashboard/assets/index-Ab12.js%00.html',
  '/dashboard/../v1/sources',
  '/dashboard/..;/v1/sources',
  'http://guts.test/dashboard/../secret.txt',
])('no path leads out of the folder: %s', async (path) => {
  const answer = await raw(path);
  expect(answer).not.toMatch(/nobody may read|root:|hidden|"sources"/);
  // The page, which is what any path shows, or a refusal; never a failure.
  const [status] = /(?<=^HTTP\/1\.1 )\d+/.exec(answer) ?? [];
  expect(answer.includes(PAGE) ? 'the page' : status).toMatch(/^(the page|400|401|404)$/);
});

test('without the folder it is told what to do; when it is there, it is served', async () => {
  const late = join(root, 'late');
  const other = createApi(optionsFor(store, { dashboardFolder: late }));
  try {
    const missing = await other.inject({ method: 'GET', url: '/dashboard/' });
    expect([missing.statusCode, missing.json().error]).toMatchObject([
      404,
      { guts_code: 'not_found', remedy: expect.stringContaining('npm run build') },
    ]);
    mkdirSync(late);
    expect((await other.inject({ method: 'GET', url: '/dashboard/' })).statusCode).toBe(404);
    writeFileSync(join(late, 'index.html'), 'here');
    expect((await other.inject({ method: 'GET', url: '/dashboard/' })).body).toBe('here');
  } finally {
    await other.close();
  }
});

describe('below a path', () => {
  const BUILT = `<!doctype html><base href="/dashboard/" /><script type="application/json" id="guts-boot">
    {"mode": "alone", "base": "/dashboard/", "api": "", "csrf": null}</script><script src="./assets/a.js"></script>`;
  let below: Api;
  beforeAll(() => {
    const built = join(root, 'built');
    mkdirSync(join(built, 'assets'), { recursive: true });
    writeFileSync(join(built, 'index.html'), BUILT);
    writeFileSync(join(built, 'assets/a.js'), SCRIPT);
    const publicUrl = "https://cloud.example.org//a/mig's%20<&$&>/";
    below = createApi(optionsFor(store, { dashboardFolder: built, publicUrl }));
  });
  afterAll(() => below.close());
  const ask = (url: string) => below.inject({ method: 'GET', url, headers: { 'x-auth-token': TOKEN } });
  const PREFIX = "/a/mig's%20%3C&$&%3E";

  test('the page has it in its addresses, and no script of its own; its policy is the same', async () => {
    const page = await ask('/dashboard/migrations/1');
    expect(page.body).toContain(`<base href="${PREFIX.replaceAll('&', '&amp;')}/dashboard/" />`);
    const [, block = ''] = /id="guts-boot">(.*?)<\/script>/s.exec(page.body) ?? [];
    expect(JSON.parse(block)).toEqual({
      mode: 'alone',
      base: `${PREFIX}/dashboard/`,
      api: PREFIX,
      csrf: null,
    });
    expect(page.body.match(/<script/g)).toHaveLength(2);
    const plain = await get('/dashboard/');
    for (const name of ['content-security-policy', 'cache-control'])
      expect(page.headers[name]).toBe(plain.headers[name]);
    expect(page.headers.etag).not.toBe(plain.headers.etag);
  });

  test.each(['/dashboard/assets/a.js', `${PREFIX}/dashboard/assets/a.js`])('%s is the file', async (url) => {
    expect((await ask(url)).body).toBe(SCRIPT);
  });

  test('requests are the same with it and without, and it is taken away once', async () => {
    const statuses = async (before: string) =>
      Promise.all(
        ['/v1/me', '/v1/sources?limit=1', '', '/', '?a', '/nothing', 'x/v1/me'].map(
          async (path) => (await ask(`${before}${path}`)).statusCode,
        ),
      );
    expect(await statuses(PREFIX)).toEqual([200, 200, 300, 300, 300, 404, 404]);
    expect((await ask('/v1/me')).statusCode).toBe(200);
    expect((await ask(`${PREFIX}${PREFIX}/v1/me`)).statusCode).toBe(404);
    // What needs a token needs it there, too.
    expect((await below.inject({ method: 'GET', url: `${PREFIX}/v1/me` })).statusCode).toBe(401);
  });

  test('the project in an address counts there, too', async () => {
    const other = 'b'.repeat(32);
    const strict = createApi(
      optionsFor(store, {
        publicUrl: 'https://cloud.example.org/migration',
        authenticate: () =>
          Promise.resolve({ projectId: 'a'.repeat(32), userId: 'u', roles: ['reader'], system: false }),
      }),
    );
    try {
      for (const before of ['', '/migration'])
        for (const [project, status] of [
          ['a'.repeat(32), 200],
          [other, 403],
        ] as const) {
          const url = `${before}/v1/${project}/mappings`;
          const answer = await strict.inject({ method: 'GET', url, headers: { 'x-auth-token': 't' } });
          expect(answer.statusCode).toBe(status);
        }
    } finally {
      await strict.close();
    }
  });

  test.each(['/v1', '/dashboard'])('a path that looks like ours, %s, is never taken away', async (path) => {
    const publicUrl = `https://cloud.example.org${path}`;
    const odd = createApi(optionsFor(store, { dashboardFolder: join(root, 'built'), publicUrl }));
    try {
      const headers = { 'x-auth-token': TOKEN };
      expect((await odd.inject({ method: 'GET', url: '/v1/me', headers })).statusCode).toBe(200);
      const { body } = await odd.inject({ method: 'GET', url: '/dashboard/' });
      expect(body).toContain(`<base href="${path}/dashboard/" />`);
    } finally {
      await odd.close();
    }
  });

  test('a page that has no place for it is told as that', async () => {
    const publicUrl = 'https://cloud.example.org/migration';
    const old = createApi(optionsFor(store, { dashboardFolder: folder, publicUrl }));
    try {
      const answer = await old.inject({ method: 'GET', url: '/dashboard/' });
      expect([answer.statusCode, answer.body]).toEqual([500, expect.stringContaining('Build it anew')]);
    } finally {
      await old.close();
    }
  });
});

test('what is served is of one build, whatever happens to the folder meanwhile', async () => {
  await get('/dashboard/');
  writeFileSync(join(folder, 'index.html'), 'another build');
  expect((await get('/dashboard/')).body).toBe(PAGE);
});

test('it counts among the requests of an address', async () => {
  const limited = createApi(optionsFor(store, { dashboardFolder: folder, requestsPerMinute: 12 }));
  try {
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1)
      statuses.push((await limited.inject({ method: 'GET', url: '/dashboard/' })).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
  } finally {
    await limited.close();
  }
});
