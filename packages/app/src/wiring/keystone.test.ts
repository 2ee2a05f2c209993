import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogin } from './keystone.ts';

const signal = AbortSignal.timeout(20_000);
const bodies: string[] = [];
let status = 201;
let url = '';
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    bodies.push(body);
    const at = (region: string, name: string, address: string): object => ({
      region,
      region_id: region,
      interface: name,
      url: address,
    });
    const endpoints = [
      at('R1', 'public', 'http://one/v1/p1'),
      at('R2', 'public', 'http://two'),
      at('R2', 'internal', 'http://inside'),
    ];
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-subject-token': `t${bodies.length}`,
    });
    const token = {
      expires_at: new Date(Date.now() + 3600_000).toISOString(),
      project: { id: 'p1', name: 'one', domain: { id: 'default' } },
      user: { id: 'u1', name: 'someone' },
      roles: [],
      catalog: [{ type: 'migration', endpoints }],
    };
    response.end(JSON.stringify(status === 201 ? { token } : { error: { message: 'geheim' } }));
  });
});

beforeEach(async () => {
  bodies.length = 0;
  status = 201;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
  });
});
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  OS_AUTH_URL: url,
  OS_USERNAME: 'someone',
  OS_PROJECT_NAME: 'one',
  OS_PASSWORD: 'geheim',
  ...more,
});

test.for([
  [{ OS_REGION_NAME: 'R1' }, 'http://one/v1/p1'],
  [{ OS_REGION_NAME: 'R2' }, 'http://two'],
  [{ OS_REGION_NAME: 'R2', OS_INTERFACE: 'internalURL' }, 'http://inside'],
  [{ OS_REGION_NAME: 'R3' }, null],
  [{ OS_MIGRATION_ENDPOINT_OVERRIDE: 'http://over' }, 'http://over'],
] as const)('the catalog is read by region and interface: %j', async ([more, endpoint]) => {
  const login = await openLogin({ cloud: null, env: env(more) }, signal, null);
  expect(login).toMatchObject({ endpoint, projectId: 'p1' });
  expect(await login.token(signal)).toBe('t1');
  expect(await login.token(signal, 't1')).toBe('t2');
  await login.close();
});

test('a password that is missing is asked for', async () => {
  const asked: string[] = [];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve('typed');
  };
  await (await openLogin({ cloud: null, env: env({ OS_PASSWORD: '' }) }, signal, ask)).close();
  expect(asked).toEqual(['Password of someone: ']);
  expect(bodies[0]).toContain('"typed"');
  await (await openLogin({ cloud: null, env: env() }, signal, ask)).close();
  expect(asked).toHaveLength(1);
});

test('an application credential needs no password', async () => {
  const more = {
    OS_PASSWORD: '',
    OS_APPLICATION_CREDENTIAL_ID: 'a1',
    OS_APPLICATION_CREDENTIAL_SECRET: 's1',
  };
  const ask = (): Promise<string> => Promise.reject(new Error('asked'));
  await (await openLogin({ cloud: null, env: env(more) }, signal, ask)).close();
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
    auth: { identity: { application_credential: { id: 'a1', secret: 's1' } } },
  });
});

test('a refusal says what to look at, and no secret', async () => {
  status = 401;
  const failure: unknown = await openLogin({ cloud: null, env: env() }, signal, null).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'unauthorized', remedy: expect.stringContaining('clouds.yaml') });
  expect(String(failure)).not.toContain('geheim');
});

test('settings that are missing or wrong are told as such', async () => {
  const none = openLogin({ cloud: null, env: env({ OS_USERNAME: '' }) }, signal, null);
  await expect(none).rejects.toMatchObject({ code: 'configuration' });
  const wrong = openLogin({ cloud: null, env: env({ OS_INTERFACE: 'outer' }) }, signal, null);
  await expect(wrong).rejects.toMatchObject({ code: 'configuration' });
});
