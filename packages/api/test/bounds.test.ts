import { connect } from 'node:net';
import { once } from 'node:events';
import { ErrorBody, routes } from '@guts/contract';
import type { Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, type ApiOptions, createApi } from '../src/index.ts';
import { optionsFor, TOKEN, workerBeat } from './rig.ts';

let store: Store;
const apis: Api[] = [];
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
});
afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
  await store.close();
});
function serve(more: Partial<ApiOptions> = {}): Api {
  const api = createApi(optionsFor(store, more));
  apis.push(api);
  return api;
}
const token = { 'x-auth-token': TOKEN };

describe('how often one may ask', () => {
  test('is bounded per caller, and the answer says when to come again', async () => {
    const api = serve({ requestsPerMinute: 12 });
    const ask = (headers: Record<string, string>, url = '/v1/sources') =>
      api.inject({ method: 'GET', url, headers });
    for (let n = 0; n < 2; n += 1) expect((await ask(token)).statusCode).toBe(200);
    const refused = await ask(token);
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '5']);
    expect(refused.json().error.guts_code).toBe('rate_limited');
    // Others, and those without a token, are other callers; of them no token is looked at any more.
    for (const status of [401, 401, 429])
      expect((await ask({ 'x-auth-token': 'x' })).statusCode).toBe(status);
    expect((await ask({}, '/healthcheck')).statusCode).toBe(429);
    const limits = await serve({ requestsPerMinute: 12 }).inject({
      method: 'GET',
      url: '/v1/limits',
      headers: token,
    });
    expect(limits.json().api.requests_per_minute).toBe(12);
  });
  test('is not bounded unless it is set', async () => {
    const api = serve();
    for (let n = 0; n < 50; n += 1)
      expect((await api.inject({ method: 'GET', url: '/v1/drivers', headers: token })).statusCode).toBe(200);
  });
});

describe('headers', () => {
  test('are not too many', async () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`x-${n}`, 'v']));
    const answer = await serve().inject({
      method: 'GET',
      url: '/v1/sources',
      headers: { ...many, ...token },
    });
    expect([answer.statusCode, answer.json().error.guts_code]).toEqual([431, 'too_large']);
  });
  test.for([
    ['too long', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'v'.repeat(20_000)}\r\n\r\n`, 431, 'too_large'],
    ['no HTTP', 'HELO example.org\r\n\r\n', 400, 'bad_request'],
  ] as const)('that are %s are refused in the same envelope', async ([, sent, status, code]) => {
    const address = new URL(await serve().listen());
    const socket = connect(Number(address.port), address.hostname);
    await once(socket, 'connect');
    socket.write(sent);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const error = JSON.parse(body) as ErrorBody;
    expect(Value.Errors(ErrorBody, error)).toEqual([]);
    expect(error.error).toMatchObject({ code: status, guts_code: code });
    expect(head).toContain(error.error.request_id);
  });
});

describe('metrics', () => {
  test('tell requests by route, work, daemons and slots', async () => {
    await store.heartbeat(workerBeat({ id: 'w1', host: 'h1', slots: 3 }));
    const api = serve();
    await api.inject({ method: 'GET', url: '/v1/sources/none', headers: token });
    await api.inject({ method: 'GET', url: '/v1/nothing', headers: token });
    const answer = await api.inject({ method: 'GET', url: '/metrics', headers: token });
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = answer.body.split('\n');
    for (const line of [
      'guts_api_requests_total{method="GET",route="/v1/sources/:id",status="404"} 1',
      'guts_api_requests_total{method="GET",route="none",status="404"} 1',
      'guts_migrations{status="queued"} 0',
      'guts_services{binary="guts-migration",alive="true"} 1',
      'guts_worker_slots{worker="w1",host="h1"} 3',
      'guts_bus_connected 1',
      'guts_bus_dead_letters 0',
      'guts_build_info{version="0"} 1',
    ])
      expect(lines).toContain(line);
    const again = await api.inject({ method: 'GET', url: '/metrics', headers: token });
    expect(again.body).toContain('guts_services{binary="guts-migration",alive="true"} 1\n');
  });
  test('need a token, unless they are open to the host itself', async () => {
    const ask = (api: Api, more: object = {}) => api.inject({ method: 'GET', url: '/metrics', ...more });
    expect((await ask(serve())).statusCode).toBe(401);
    const open = serve({ metricsOpen: true });
    expect((await ask(open)).statusCode).toBe(200);
    expect((await ask(open, { remoteAddress: '192.0.2.1' })).statusCode).toBe(401);
    expect((await ask(open, { headers: { 'x-forwarded-for': '192.0.2.1' } })).statusCode).toBe(401);
  });
});

test('a health check has the report for an administrator alone', async () => {
  const ask = async (headers: Record<string, string>) => {
    const { body } = await serve().inject({ method: 'GET', url: '/healthcheck', headers });
    const answer = JSON.parse(body) as { report?: unknown };
    expect(Value.Errors(routes.health.answer, answer)).toEqual([]);
    return answer.report;
  };
  expect(await ask({})).toBeUndefined();
  expect(await ask({ 'x-auth-token': 'wrong' })).toBeUndefined();
  expect(await ask(token)).toMatchObject({ status: 'degraded', migrations: { queued: 0 } });
});

test('the API is shown as a page that asks no other host, and escapes what it shows', async () => {
  const answer = await serve({ version: '1<script>' }).inject({ method: 'GET', url: '/v1/docs' });
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'/);
  expect(answer.body).toContain('POST /v1/migrations/bulk');
  expect(answer.body).toContain('1&lt;script&gt;');
  expect(answer.body).not.toMatch(/<script|(?:src|href)="(?:https?:)?\/\//);
});

test.each(['/', '/v1/sources', '/v1/nothing', '/healthcheck', '/dashboard/session'])(
  'answers are kept by nobody, are what they say, and are part of no other page: %s',
  async (url) => {
    const { headers } = await serve().inject({ method: 'GET', url });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  },
);
