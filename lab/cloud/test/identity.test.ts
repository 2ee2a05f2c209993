import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Json, passwordAuth, request, type Running, start } from './kit.ts';

let lab: Running;
beforeAll(async () => {
  lab = await start();
});
afterAll(() => lab[Symbol.asyncDispose]());

const tokens = '/identity/v3/auth/tokens';
const post = (body: unknown) => request(lab.cloud.url, '', 'POST', tokens, body, {});

test('a password yields a scoped token with a catalogue of three interfaces', async () => {
  const answer = await post(passwordAuth(lab.cloud, 'demo'));
  expect(answer.status).toBe(201);
  const token = answer.json['token'] as {
    roles: { name: string }[];
    project: { name: string };
    catalog: { type: string; endpoints: { interface: string; url: string; region: string }[] }[];
  };
  expect(token.project.name).toBe('demo');
  expect(token.roles.map((role) => role.name)).toContain('member');
  for (const type of ['identity', 'image', 'compute', 'network', 'volumev3']) {
    const service = token.catalog.find((one) => one.type === type);
    expect(service?.endpoints.map((one) => one.interface).sort()).toEqual(['admin', 'internal', 'public']);
    expect(service?.endpoints[0]).toMatchObject({ region: 'RegionOne' });
    expect(service?.endpoints[0]?.url.startsWith(lab.cloud.url)).toBe(true);
  }
});

test('a wrong password is answered 401, and says nothing of the user', async () => {
  const body = passwordAuth(lab.cloud, 'demo') as {
    auth: { identity: { password: { user: { password: string } } } };
  };
  body.auth.identity.password.user.password = 'wrong';
  const answer = await post(body);
  expect(answer.status).toBe(401);
  expect(answer.json).toEqual({
    error: {
      code: 401,
      message: 'The request you have made requires authentication.',
      title: 'Unauthorized',
    },
  });
});

test('a token is validated, and dead once deleted', async () => {
  const [demo, admin] = [await lab.as('demo'), await lab.as('admin')];
  const header = { 'X-Subject-Token': demo.token };
  expect((await admin.call('GET', tokens, undefined, header)).status).toBe(200);
  expect((await demo.call('DELETE', tokens, undefined, header)).status).toBe(204);
  expect((await admin.call('GET', tokens, undefined, header)).status).toBe(404);
  expect((await demo.call('GET', '/compute/v2.1/servers')).status).toBe(401);
});

test('tokens end when the cloud is told so, and by their time', async () => {
  await using brief = await start({ tokenLifetimeSeconds: 0 });
  const gone = await brief.as('demo');
  const refused = await gone.call('GET', '/image/v2/images');
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toContain('Keystone uri=');
  const demo = await lab.as('demo');
  expect((await demo.call('GET', '/image/v2/images')).status).toBe(200);
  lab.cloud.revokeTokens();
  expect((await demo.call('GET', '/image/v2/images')).status).toBe(401);
});

test('an application credential logs in, is bound to its project, and makes no others', async () => {
  const demo = await lab.as('demo');
  const path = `/identity/v3/users/${demo.userId}/application_credentials`;
  const made = await demo.call('POST', path, { application_credential: { name: 'guts' } });
  expect(made.status).toBe(201);
  const credential = made.json['application_credential'] as { id: string; secret: string };
  const login = (extra: Json) =>
    post({
      auth: {
        identity: { methods: ['application_credential'], application_credential: credential },
        ...extra,
      },
    });
  const answer = await login({});
  expect(answer.status).toBe(201);
  expect((await login({ scope: { project: { id: demo.projectId } } })).status).toBe(401);
  const token = answer.headers.get('x-subject-token') ?? '';
  const another = await request(
    lab.cloud.url,
    token,
    'POST',
    path,
    { application_credential: { name: 'b' } },
    {},
  );
  expect(another.status).toBe(403);
  const rescoped = await post({
    auth: {
      identity: { methods: ['token'], token: { id: token } },
      scope: { project: { id: demo.projectId } },
    },
  });
  expect(rescoped.status).toBe(403);
  const listed = await demo.call('GET', path);
  expect(listed.text).not.toContain(credential.secret);
});

test('members list no projects; administrators do', async () => {
  const path = '/identity/v3/projects?name=demo';
  expect((await (await lab.as('demo')).call('GET', path)).status).toBe(403);
  const listed = await (await lab.as('admin')).call('GET', path);
  expect(listed.json['projects']).toMatchObject([{ name: 'demo', domain_id: 'default' }]);
});

test.each([
  ['/identity', 300],
  ['/identity/v3', 200],
  ['/image/versions', 200],
  ['/compute/v2.1', 200],
  ['/network/', 200],
  ['/volume/', 300],
])('%s tells its versions to everybody', async (path, status) => {
  const answer = await request(lab.cloud.url, '', 'GET', path, undefined, {});
  expect(answer.status).toBe(status);
  expect(answer.text).toContain('self');
});
