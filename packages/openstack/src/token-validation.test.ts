import { expect, test } from 'vitest';
import { scriptedSession } from '../test/scripted-session.ts';
import type { TokenScope } from './index.ts';

const signal = AbortSignal.timeout(20_000);
const scripted = scriptedSession(signal);
const EXPIRES = '2030-01-01T00:00:00.000000Z';
const UNKNOWN = { error: { code: 404, message: 'Could not find token.', title: 'Not Found' } };

const answer = (more: object): { json: unknown } => ({
  json: {
    token: {
      expires_at: EXPIRES,
      user: { id: 'u2', name: 'other', domain: { id: 'default' } },
      roles: [{ id: 'r', name: 'reader' }],
      ...more,
    },
  },
});

// Bodies as in the Identity API reference, "Validate and show information for token".
test.for<[object, TokenScope]>([
  [
    { project: { id: 'p2', name: 'two', domain: { id: 'd' } } },
    { kind: 'project', id: 'p2', name: 'two', domainId: 'd' },
  ],
  [{ system: { all: true } }, { kind: 'system' }],
  [{ domain: { id: 'd', name: 'D' } }, { kind: 'domain', id: 'd' }],
  [{}, { kind: 'unscoped' }],
])('%j is scoped so', async ([more, scope]) => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', () => answer(more));
  expect(await session.validateToken('subject', signal)).toEqual({
    expiresAt: Date.parse(EXPIRES),
    user: { id: 'u2', name: 'other' },
    scope,
    roles: ['reader'],
  });
  const { headers, query } = cloud.logins.at(-1) ?? { headers: {}, query: {} };
  expect(headers).toMatchObject({ 'x-auth-token': 'token-1', 'x-subject-token': 'subject' });
  expect(query).toEqual({ nocatalog: '' });
});

test('a token that Keystone does not know is none', async () => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', () => ({ status: 404, json: UNKNOWN }));
  expect(await session.validateToken('subject', signal)).toBeNull();
});

test('a server that is no Keystone does not make tokens bad', async () => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', () => ({ status: 404, text: '<h1>Not Found</h1>' }));
  await expect(session.validateToken('subject', signal)).rejects.toMatchObject({ code: 'protocol' });
});

test("the service user's own token is renewed when it is refused, once", async () => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', ({ headers }) =>
    headers['x-auth-token'] === 'token-1' ? { status: 401, json: {} } : answer({ system: { all: true } }),
  );
  expect(await session.validateToken('subject', signal)).toMatchObject({ scope: { kind: 'system' } });
  cloud.on('GET /v3/auth/tokens', () => ({ status: 401, json: { error: { message: 'no' } } }));
  await expect(session.validateToken('subject', signal)).rejects.toMatchObject({ status: 401 });
});

test('a Keystone that is busy is asked again; who may not ask is told', async () => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', (_seen, count) => (count < 3 ? { status: 503 } : answer({})));
  expect(await session.validateToken('subject', signal)).toMatchObject({ scope: { kind: 'unscoped' } });
  cloud.on('GET /v3/auth/tokens', () => ({ status: 403, json: { error: { message: 'no' } } }));
  await expect(session.validateToken('subject', signal)).rejects.toMatchObject({ status: 403 });
});

test.for([{ json: {} }, { json: { token: {} } }, { text: 'hello' }])('%j is no answer', async (reply) => {
  const { cloud, session } = scripted();
  cloud.on('GET /v3/auth/tokens', () => reply);
  await expect(session.validateToken('subject', signal)).rejects.toMatchObject({ code: 'protocol' });
});

test.for([204, 401, 404])(
  'a token is revoked as its bearer; what is unknown is none already (%i)',
  async (status) => {
    const { cloud, session } = scripted();
    cloud.on('DELETE /v3/auth/tokens', () => ({ status, json: UNKNOWN }));
    await session.revokeToken('subject', signal);
    expect(cloud.logins.at(-1)?.headers).toMatchObject({
      'x-auth-token': 'subject',
      'x-subject-token': 'subject',
    });
  },
);

test('a Keystone that does not revoke a token is told', async () => {
  const { cloud, session } = scripted();
  cloud.on('DELETE /v3/auth/tokens', () => ({ status: 403, json: { error: { message: 'no' } } }));
  await expect(session.revokeToken('subject', signal)).rejects.toMatchObject({ code: 'forbidden' });
});

test('a login tells when its token ends', () => {
  const { session } = scripted();
  expect(session.expiresAt).toBeGreaterThan(Date.now());
});
