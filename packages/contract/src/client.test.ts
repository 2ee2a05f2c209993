import { expect, test } from 'vitest';
import { ApiCallError, ApiClient } from './client.ts';
import { routes } from './routes.ts';

function clientOf(answer: () => Response | Promise<Response>) {
  const asked: { url: string; init: RequestInit }[] = [];
  const client = new ApiClient({
    fetch: async (url, init) => {
      asked.push({ url, init });
      return answer();
    },
    baseUrl: 'http://api.example/',
    headers: { 'x-auth-token': 't' },
  });
  return { client, asked };
}
const failure = (client: ApiClient): Promise<unknown> =>
  client.call(routes.sources.list).catch((error: unknown) => error);

test('parameters and query are encoded; headers and body are sent', async () => {
  const { client, asked } = clientOf(() => Response.json({ instance: { ref: 'a' } }));
  const answer = await client.call(routes.inventory.instance, {
    params: { ref: 'a/b c' },
    query: { source: 'x&y' },
  });
  expect(answer.instance.ref).toBe('a');
  expect(asked[0]?.url).toBe('http://api.example/v1/instances/a%2Fb%20c?source=x%26y');
  await client.call(routes.migrations.act, { params: { id: 'm' }, body: { action: 'cancel' } });
  expect(asked[1]).toMatchObject({
    url: 'http://api.example/v1/migrations/m/actions',
    init: {
      method: 'POST',
      body: '{"action":"cancel"}',
      headers: { 'x-auth-token': 't', 'content-type': 'application/json' },
    },
  });
});

test('an answer without content is undefined', async () => {
  const { client, asked } = clientOf(() => new Response(null, { status: 204 }));
  expect(await client.call(routes.sources.remove, { params: { id: 's' } })).toBeUndefined();
  expect(asked[0]?.init.headers).not.toHaveProperty('content-type');
});

test.for([[''], ['.'], ['..'], [undefined]])(
  'the parameter %j would change the path: refused',
  async ([id]) => {
    const { client, asked } = clientOf(() => new Response(null, { status: 204 }));
    const params = (id === undefined ? {} : { id }) as { id: string };
    await expect(client.call(routes.sources.remove, { params })).rejects.toMatchObject({
      name: 'ApiCallError',
      code: 'bad_request',
    });
    expect(asked).toEqual([]);
  },
);

test('an error of ours keeps its code, remedy, details and request id', async () => {
  const error = {
    code: 409,
    title: 'Conflict',
    guts_code: 'conflict',
    message: 'taken',
    remedy: 'Choose another.',
    field: 'body.name',
    details: { a: 1 },
    request_id: 'req-1',
  };
  const { client } = clientOf(() => Response.json({ error }, { status: 409 }));
  const thrown = await failure(client);
  expect(thrown).toBeInstanceOf(ApiCallError);
  expect(thrown).toMatchObject({
    status: 409,
    code: 'conflict',
    message: 'taken',
    remedy: 'Choose another.',
    field: 'body.name',
    details: { a: 1 },
    requestId: 'req-1',
  });
});

test.for([['<html>'], ['{}'], ['{"error":"Not found"}'], ['null']])(
  'HTTP 502 with %s is said to be nobody of ours',
  async ([text]) => {
    const { client } = clientOf(() => new Response(text, { status: 502 }));
    expect(await failure(client)).toMatchObject({
      status: 502,
      code: 'internal',
      message: /HTTP 502 without an error of ours/,
    });
  },
);

test('an answer that is no JSON is an error of the call', async () => {
  const { client } = clientOf(() => new Response('<html>', { status: 200 }));
  expect(await failure(client)).toMatchObject({ name: 'ApiCallError', status: 200, code: 'internal' });
});

test('no answer tells where and why', async () => {
  const { client } = clientOf(() => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
  });
  expect(await failure(client)).toMatchObject({ status: 0, code: 'unreachable', message: /ECONNREFUSED/ });
});

test('an abort is thrown as it is', async () => {
  const reason = new Error('enough');
  const { client } = clientOf(() => {
    throw reason;
  });
  const signal = AbortSignal.abort(reason);
  await expect(client.call(routes.sources.list, { signal })).rejects.toBe(reason);
});

test.for([
  ['http://h:7000', 'http://h:7000/v1/sources', 'http://h:7000/healthcheck'],
  ['http://h/migration/', 'http://h/migration/v1/sources', 'http://h/migration/healthcheck'],
  ['http://h:7000/v1', 'http://h:7000/v1/sources', 'http://h:7000/healthcheck'],
  ['http://h/a/v1/0123/', 'http://h/a/v1/0123/sources', 'http://h/a/healthcheck'],
] as const)("a catalog's endpoint %s is an address to call at", async ([baseUrl, sources, health]) => {
  const asked: string[] = [];
  const fetch = (url: string): Promise<Response> => {
    asked.push(url);
    return Promise.resolve(Response.json({ sources: [] }));
  };
  const client = new ApiClient({ fetch, baseUrl, headers: {} });
  await client.call(routes.sources.list);
  await client.call(routes.health);
  expect(asked).toEqual([sources, health]);
});
