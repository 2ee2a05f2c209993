import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Answerer, guts, refusal } from '../test/rig.ts';
import { type CloudChoice, type Login } from './login.ts';

const services: Answerer = () => ({ services: [] });

/** A Keystone whose tokens are t1, t2, …: a new one for each that is refused. */
function keystone(endpoint: string | null = 'http://catalog:7000/v1/p1') {
  const choices: CloudChoice[] = [];
  let count = 1;
  let closed = 0;
  const login: Login = {
    projectId: 'p1',
    endpoint,
    token: (_signal, refused) => {
      if (refused === `t${count}`) count += 1;
      return Promise.resolve(`t${count}`);
    },
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
  };
  const openLogin = (choice: CloudChoice): Promise<Login> => {
    choices.push(choice);
    return Promise.resolve(login);
  };
  return { choices, openLogin, closed: () => closed };
}
const LIST = ['service', 'list'];

describe('Keystone', () => {
  test.for([
    ['by an option', ['--os-cloud', 'mine'], {}, 'mine'],
    ['by the environment', [], { OS_CLOUD: 'yours' }, 'yours'],
    [
      'by an option over the environment',
      ['--os-cloud', 'mine'],
      { OS_CLOUD: 'yours', GUTS_TOKEN: 't' },
      'mine',
    ],
    ['by variables', [], { OS_AUTH_URL: 'http://k' }, null],
    ['by an address over a cloud', ['--os-auth-url', 'http://k'], { OS_CLOUD: 'yours' }, null],
  ] as const)('is used %s', async ([, options, env, cloud]) => {
    const { choices, openLogin, closed } = keystone();
    const { sent } = await guts([...options, ...LIST], services, null, { env, openLogin });
    expect(choices.map((one) => one.cloud)).toEqual([cloud]);
    expect(choices[0]?.env['OS_CLOUD']).toBe(cloud === 'mine' ? 'mine' : undefined);
    expect(sent).toMatchObject([{ origin: 'http://catalog:7000', line: 'GET /v1/p1/services', token: 't1' }]);
    expect(closed()).toBe(1);
  });
  test.for([{ GUTS_TOKEN: 'own' }, { GUTS_TOKEN: 'own', OS_CLOUD: 'mine' }])(
    'is not asked with a token of our own: %j',
    async (env) => {
      const { sent } = await guts(LIST, services, null, { env });
      expect(sent).toMatchObject([{ origin: 'http://127.0.0.1:7000', token: 'own' }]);
    },
  );
  test.for([
    [['--guts-endpoint', 'http://said'], {}, 'http://said'],
    [[], { GUTS_ENDPOINT: 'http://said' }, 'http://said'],
    [['--api', 'http://api'], {}, 'http://api'],
    [['--api', 'http://api', '--guts-endpoint', 'http://said'], {}, 'http://said'],
  ] as const)('the catalog is overruled by %j %j', async ([options, more, origin]) => {
    const { openLogin } = keystone();
    const env = { OS_CLOUD: 'mine', ...more };
    const { sent } = await guts([...options, ...LIST], services, null, { env, openLogin });
    expect(sent).toMatchObject([{ origin }]);
  });
  test('a catalog without the service is told, and the login ended', async () => {
    const { openLogin, closed } = keystone(null);
    const asked = guts(LIST, services, null, { env: { OS_CLOUD: 'mine' }, openLogin });
    await expect(asked).rejects.toThrow(/no endpoint of type migration.*--guts-endpoint/);
    expect(closed()).toBe(1);
  });
  test('a token that is refused is replaced once', async () => {
    const { openLogin } = keystone();
    let count = 0;
    const once: Answerer = () => ((count += 1) === 1 ? refusal(401, 'old') : { services: [] });
    const options = { env: { OS_CLOUD: 'mine' }, openLogin };
    const { sent } = await guts(LIST, once, null, options);
    expect(sent.map(({ token }) => token)).toEqual(['t1', 't2']);
  });
  test('a token that is refused again is an error', async () => {
    const { openLogin } = keystone();
    let count = 0;
    const never: Answerer = () => {
      count += 1;
      return refusal(401, 'old');
    };
    const asked = guts(LIST, never, null, { env: { OS_CLOUD: 'mine' }, openLogin });
    await expect(asked).rejects.toMatchObject({ status: 401 });
    expect(count).toBe(2);
  });
  test('a password comes from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guts-'));
    try {
      const file = join(folder, 'password');
      writeFileSync(file, 'geheim\n');
      const { choices, openLogin } = keystone();
      const options = ['--os-auth-url', 'http://k', '--os-username', 'u', '--os-password-file', file];
      await guts([...options, ...LIST], services, null, { env: {}, openLogin });
      expect(choices[0]?.env).toEqual({ OS_AUTH_URL: 'http://k', OS_USERNAME: 'u', OS_PASSWORD: 'geheim' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  test('what a cloud of clouds.yaml says itself is no option beside it', async () => {
    const asked = guts(['--os-cloud', 'mine', '--os-username', 'u', ...LIST], services);
    await expect(asked).rejects.toThrow(/OS_USERNAME/);
  });
});

test.for([
  ['http://h:7000', 'GET /v1/services'],
  ['http://h:7000/migration/v1/', 'GET /migration/v1/services'],
  ['http://h:7000/migration/v1/p1', 'GET /migration/v1/p1/services'],
  ['http://h:7000/v1/%(project_id)s', 'GET /v1/p1/services'],
  ['http://h:7000/v1/$(tenant_id)s', 'GET /v1/p1/services'],
] as const)('with the endpoint %s it asks %s', async ([endpoint, line]) => {
  const { openLogin } = keystone(endpoint);
  const { sent } = await guts(LIST, services, null, { env: { OS_CLOUD: 'mine' }, openLogin });
  expect(sent).toMatchObject([{ origin: 'http://h:7000', line }]);
});
