import { once } from 'node:events';
import { connect } from 'node:net';
import { ErrorBody } from '@guts/contract';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { optionsFor, TOKEN } from './rig.ts';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const store = await openStore({ url: 'sqlite::memory:' });
const api = createApi(
  optionsFor(store, {
    authenticate: (token) =>
      Promise.resolve(
        token === TOKEN ? { projectId: A, userId: 'u', roles: ['member'], system: false } : null,
      ),
  }),
);
let address: URL;

beforeAll(async () => {
  await store.upgrade();
  address = new URL(await api.listen());
});
afterAll(async () => {
  await api.close();
  await store.close();
});

/** Sends a request head as it is written. */
async function send(...lines: string[]): Promise<{ status: number; head: string; body: string }> {
  const socket = connect(Number(address.port), address.hostname);
  await once(socket, 'connect');
  socket.write([...lines, 'connection: close', '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
}
const host = 'host: guts.test';
const token = `x-auth-token: ${TOKEN}`;

describe('targets of a request', () => {
  test.for(['GET', 'OPTIONS'])('%s * names no path', async (method) => {
    const answer = await send(`${method} * HTTP/1.1`, host, token);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body).error).toMatchObject({ guts_code: 'not_found' });
  });
  test.for([
    ['http://guts.test/v1/sources', 200],
    [`HTTP://guts.test/v1/${A}/sources?limit=1`, 200],
    [`http://guts.test/v1/${B}/sources`, 403],
    ['http://guts.test/v1/nothing', 404],
  ] as const)('with the address of the server it is what it is without: %s', async ([target, status]) => {
    expect((await send(`GET ${target} HTTP/1.1`, host, token)).status).toBe(status);
  });
  test('what is open is open so, too', async () => {
    for (const target of ['http://guts.test', 'http://guts.test?x', 'http://guts.test/'])
      expect((await send(`GET ${target} HTTP/1.1`, host)).status).toBe(300);
    expect((await send('GET http://guts.test/healthcheck HTTP/1.1', host)).status).toBe(200);
  });
});

describe('headers', () => {
  test.for([
    ['no', [token]],
    ['two', [token, host, 'Host: other.test']],
  ] as const)('%s Host is refused in words', async ([, lines]) => {
    const answer = await send('GET /v1/sources HTTP/1.1', ...lines);
    const error = JSON.parse(answer.body) as ErrorBody;
    expect(Value.Errors(ErrorBody, error)).toEqual([]);
    expect([answer.status, error.error.field]).toEqual([400, 'headers.host']);
    expect(answer.head).toContain(error.error.request_id);
  });
  test('HTTP/1.0 needs no Host, and is told of none', async () => {
    const answer = await send('GET /v1 HTTP/1.0');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).version.links[0].href).toBe('/v1/');
  });
  test('an unknown expectation is passed over', async () => {
    expect((await send('GET /v1/sources HTTP/1.1', host, token, 'expect: wonders')).status).toBe(200);
  });
  test('a version that is refused has a request id, too', async () => {
    const headers = { 'x-auth-token': TOKEN, 'openstack-api-version': 'migration 9.9' };
    const answer = await api.inject({ method: 'GET', url: '/v1/sources', headers });
    expect(answer.statusCode).toBe(406);
    expect(answer.headers['x-openstack-request-id']).toBe(answer.json().error.request_id);
  });
});

describe('texts and values that cannot be kept', () => {
  const post = (payload: string, url = '/v1/mappings') =>
    api.inject({
      method: 'POST',
      url,
      headers: { 'x-auth-token': TOKEN, 'content-type': 'application/json' },
      payload,
    });
  const lists = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  test.for([
    ['{"name":"a\\u0000b","mapping":{}}', 'body.name'],
    ['{"name":"\\ud800","mapping":{}}', 'body.name'],
    ['{"name":"n","mapping":{"datastores":{"a\\u0000":"b"}}}', 'body.mapping.datastores'],
    [`{"name":"n","mapping":${lists(100)}}`, 'body'],
    [`{"name":"n","mapping":${lists(100_000)}}`, 'body'],
  ] as const)('are refused in a body: %#', async ([payload, field]) => {
    const answer = await post(payload);
    expect([answer.statusCode, answer.json().error.field]).toEqual([400, field]);
    expect(answer.json().error.remedy).not.toBeNull();
  });
  test('also where anything may be given', async () => {
    const end = (settings: string): string => `{"name":"n","driver":"d","settings":{"a":${settings}}}`;
    for (const settings of ['{"b":["\\u0000"]}', lists(64), lists(50_000)])
      expect((await post(end(settings), '/v1/sources')).json().error).toMatchObject({
        guts_code: 'bad_request',
        field: expect.stringMatching(/^body(\.settings\.a\.b\.0)?$/) as string,
      });
  });
  test('are refused in an address', async () => {
    for (const [url, field] of [
      ['/v1/sources/a%00', 'path.id'],
      ['/v1/sources?name=%00', 'query.name'],
      ['/v1/sources?%00=1', 'query'],
    ] as const) {
      const answer = await api.inject({ method: 'GET', url, headers: { 'x-auth-token': TOKEN } });
      expect([answer.statusCode, answer.json().error.field]).toEqual([400, field]);
    }
  });
  test('a pair of surrogates is a character, and what is deep but not too deep is taken', async () => {
    const deep = `{"name":"😀","driver":"d","settings":{"a":${lists(61)}}}`;
    expect((await post(deep, '/v1/sources')).json().error.message).toMatch(/no worker has a source driver/);
  });
});

test('keys that users choose are bounded, and what they name is checked whatever they are', async () => {
  const post = (networks: object) =>
    api.inject({
      method: 'POST',
      url: '/v1/mappings',
      headers: { 'x-auth-token': TOKEN },
      payload: { name: 'n', mapping: { networks } },
    });
  for (const networks of [
    { 'a\nb': 'no mapping of a network' },
    { '': { network: 'n' } },
    { ['k'.repeat(256)]: { network: 'n' } },
  ])
    expect((await post(networks)).statusCode).toBe(400);
  const odd = { 'a\nb': { network: 'n' }, toString: { network: 'n' } };
  const made = await post(odd);
  expect([made.statusCode, made.json().mapping.mapping.networks]).toEqual([201, odd]);
});
