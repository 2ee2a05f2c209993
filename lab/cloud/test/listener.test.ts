import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, request, type Running, start } from './kit.ts';

let lab: Running;
let demo: Client;
beforeAll(async () => {
  lab = await start();
  demo = await lab.as('demo');
});
afterAll(() => lab[Symbol.asyncDispose]());

test.each(['/image/v2/images', '/compute/v2.1/servers', '/network/v2.0/ports', '/volume/v3/types'])(
  '%s wants a token',
  async (path) => {
    const answer = await request(lab.cloud.url, '', 'GET', path, undefined, {});
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
    expect((await request(lab.cloud.url, 'nonsense', 'GET', path, undefined, {})).status).toBe(401);
  },
);

test.each([
  ['/network/v2.0/ports/none', 'NeutronError'],
  ['/compute/v2.1/servers/none', 'itemNotFound'],
  ['/volume/v3/volumes/none', 'itemNotFound'],
  ['/identity/v3/users/none', 'error'],
  ['/image/v2/images/none', 'code'],
])('%s is told in the form of its service', async (path, key) => {
  const admin = await lab.as('admin');
  const answer = await admin.call('GET', path);
  expect(answer.status).toBe(404);
  expect(answer.json).toHaveProperty(key);
});

test('Glance speaks HTML to whoever takes anything', async () => {
  const headers = { 'X-Auth-Token': demo.token, Accept: '*/*' };
  const answer = await fetch(`${lab.cloud.url}/image/v2/images/%3Cb%3E`, { headers });
  expect(answer.headers.get('content-type')).toContain('text/html');
  expect(await answer.text()).toContain('&lt;b&gt;');
});

test('a wrong method is answered 405, a body that is no JSON 400', async () => {
  const wrong = await demo.call('PATCH', '/network/v2.0/ports');
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST']);
  const answer = await fetch(`${lab.cloud.url}/network/v2.0/ports`, {
    method: 'POST',
    headers: { 'X-Auth-Token': demo.token, 'Content-Type': 'application/json' },
    body: '{',
  });
  expect(answer.status).toBe(400);
  expect((await demo.call('GET', '/compute/v2.1/servers/%zz')).status).toBe(400);
});
