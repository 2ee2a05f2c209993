import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '@guts/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../config.ts';
import { type KeystoneTokens, keystoneTokens } from './keystone-tokens.ts';

/** What Keystone says of a token, by its text. */
let tokens: Record<string, object> = {};
let loginStatus = 201;
let mayAsk = true;
let logins = 0;
const server = createServer((request, response) => {
  const say = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-subject-token': `own-${logins}` });
    response.end(JSON.stringify(body));
  };
  const error = (code: number, title: string): void =>
    say(code, { error: { code, title, message: 'secret' } });
  request.resume().once('end', () => {
    if (request.method === 'POST') {
      logins += 1;
      const expires_at = new Date(Date.now() + 3600_000).toISOString();
      const user = { id: 'svc', name: 'guts' };
      const project = { id: 's', name: 'service', domain: { id: 'default' } };
      const token = { expires_at, user, project, roles: [], catalog: [] };
      return loginStatus === 201 ? say(201, { token }) : error(loginStatus, 'Unauthorized');
    }
    if (!mayAsk) return error(403, 'Forbidden');
    const found = tokens[String(request.headers['x-subject-token'])];
    return found ? say(200, { token: found }) : error(404, 'Not Found');
  });
});
const EXPIRES = '2030-01-01T00:00:00.000000Z';
const token = (scope: object): object => ({
  expires_at: EXPIRES,
  user: { id: 'u1', name: 'someone' },
  roles: [{ name: 'member' }, { name: 'reader' }],
  ...scope,
});
let folder = '';
let port = 0;
let open: KeystoneTokens | null = null;

const listen = (at: number): Promise<void> =>
  new Promise((resolve) => {
    server.listen(at, '127.0.0.1', resolve);
  });
const stop = (): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
function start(more: Record<string, string> = {}): KeystoneTokens {
  const env = {
    GUTS_STATE_DIR: folder,
    GUTS_AUTH: 'keystone',
    GUTS_KEYSTONE_CLOUD: 'guts',
    GUTS_KEYSTONE_CLOUDS_FILE: join(folder, 'clouds.yaml'),
    ...more,
  };
  open = keystoneTokens(loadConfig(null, env), env, SILENT_LOG);
  return open;
}

beforeEach(async () => {
  [tokens, loginStatus, mayAsk, logins] = [{}, 201, true, 0];
  await listen(0);
  ({ port } = server.address() as AddressInfo);
  folder = mkdtempSync(join(tmpdir(), 'guts-'));
  const auth = {
    auth_url: `http://127.0.0.1:${port}/v3`,
    username: 'guts',
    password: 'geheim',
    project_name: 'service',
  };
  writeFileSync(join(folder, 'clouds.yaml'), JSON.stringify({ clouds: { guts: { auth } } }));
});
afterEach(async () => {
  await open?.close();
  open = null;
  if (server.listening) await stop();
  rmSync(folder, { recursive: true });
});

test.for([
  [{ project: { id: 'p1', name: 'one', domain: { id: 'default' } } }, { projectId: 'p1', system: false }],
  [{ system: { all: true } }, { projectId: null, system: true }],
] as const)('%j becomes the caller %j', async ([scope, expected]) => {
  tokens = { t: token(scope) };
  expect(await start().lookup('t')).toEqual({
    caller: { userId: 'u1', roles: ['member', 'reader'], ...expected },
    expiresAt: Date.parse(EXPIRES),
  });
});

test.for([
  [{ domain: { id: 'd', name: 'D' } }, /to a domain/],
  [{}, /not scoped/],
] as const)('%j is of no use here', async ([scope, message]) => {
  tokens = { t: token(scope) };
  expect(await start().lookup('t')).toMatchObject({
    code: 'forbidden',
    message: expect.stringMatching(message),
    remedy: expect.stringContaining('of a project'),
  });
});

test('an unknown token is nobody, and the service user logs in once for many', async () => {
  const { lookup } = start();
  expect(await Promise.all([lookup('a'), lookup('b'), lookup('c')])).toEqual([null, null, null]);
  expect(logins).toBe(1);
});

test('a Keystone that is away is told as that, and found again', async () => {
  await stop();
  const tokensOf = start();
  await tokensOf.start();
  await expect(tokensOf.lookup('t')).rejects.toMatchObject({ code: 'identity_unavailable' });
  await listen(port);
  tokens = { t: token({ system: { all: true } }) };
  expect(await tokensOf.lookup('t')).toMatchObject({ caller: { system: true } });
});

test('a service user that may not log in is a wrong setting at start, and later no fault of the caller', async () => {
  loginStatus = 401;
  const tokensOf = start();
  const failure: unknown = await tokensOf.start().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'configuration', field: 'keystone_cloud' });
  expect(String(failure)).not.toContain('geheim');
  await expect(tokensOf.lookup('t')).rejects.toMatchObject({
    code: 'identity_unavailable',
    message: 'guts-api is not let check tokens by Keystone',
  });
});

test('a service user that may not check tokens is no fault of the caller', async () => {
  mayAsk = false;
  await expect(start().lookup('t')).rejects.toMatchObject({
    code: 'identity_unavailable',
    message: 'guts-api is not let check tokens by Keystone',
  });
});

test('who has no token is told where Keystone is', () => {
  expect(start().challenge).toBe(`Keystone uri="http://127.0.0.1:${port}/v3"`);
  const more = { GUTS_KEYSTONE_PUBLIC_URL: 'https://keystone.example.org:5000/v3' };
  expect(start(more).challenge).toBe('Keystone uri="https://keystone.example.org:5000/v3"');
});

test.for([
  [{ GUTS_KEYSTONE_CLOUD: '' }, 'keystone_cloud'],
  [{ GUTS_KEYSTONE_CLOUD: 'other' }, 'keystone_clouds_file'],
] as const)('%j is a wrong setting', ([more, field]) => {
  expect(() => start(more)).toThrow(expect.objectContaining({ code: 'configuration', field }));
});

test.for([
  [{ GUTS_AUTH: 'ldap' }, /one of local, keystone/],
  [{ GUTS_TOKEN_CACHE_SECONDS: '61' }, /at most 60/],
] as const)('%j is refused', ([more, message]) => {
  expect(() => start(more)).toThrow(message);
});
