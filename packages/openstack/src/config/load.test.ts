import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { CloudConfigError } from '../errors.ts';
import type { CloudConfig } from './cloud-config.ts';
import { loadCloud, mergeTrees } from './load.ts';

const CLOUDS = `
common: &common
  region_name: RegionOne
  interface: internal
clouds:
  lab:
    <<: *common
    auth:
      auth_url: http://127.0.0.1:5000
      username: admin
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
    verify: false
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://cloud/v3", application_credential_id: abc, application_credential_secret: s}
  empty:
    auth: {auth_url: "https://cloud/v3", username: u, password: p}
`;
const files: Record<string, string> = {
  '/here/clouds.yaml': CLOUDS,
  '/here/secure.yaml': 'clouds: {lab: {auth: {password: geheim}}}',
};
const load = (cloud: string | undefined, env: NodeJS.ProcessEnv = {}) =>
  loadCloud({
    env,
    cwd: '/here',
    home: '/home/me',
    readFile: (path) => files[path],
    ...(cloud === undefined ? {} : { cloud }),
  });

describe('clouds.yaml', () => {
  test('merges anchors and secure.yaml', () => {
    expect(load('lab')).toEqual({
      authUrl: 'http://127.0.0.1:5000',
      auth: { type: 'password', user: { name: 'admin', domain: { name: 'Default' } }, password: 'geheim' },
      project: { name: 'admin', domain: { name: 'Default' } },
      region: 'RegionOne',
      interface: 'internal',
      tls: { insecure: true },
      endpointOverrides: {},
    });
  });
  test('an application credential carries no project', () => {
    expect(load('app')).toMatchObject({ auth: { type: 'application_credential', id: 'abc', secret: 's' } });
    expect(load('app')).not.toHaveProperty('project');
  });
  test('OS_CLOUD names the cloud when nobody else does', () => {
    expect(load(undefined, { OS_CLOUD: 'lab' }).region).toBe('RegionOne');
  });
  test('secure.yaml may lie where clouds.yaml is searched, and only there', () => {
    const from = (secure: string): CloudConfig =>
      loadCloud({
        cloud: 'c',
        env: { OS_CLIENT_CONFIG_FILE: '/named/my.yaml' },
        cwd: '/here',
        home: '/home/me',
        readFile: (path) =>
          ({
            '/named/my.yaml':
              'clouds: {c: {verify: no, auth: {auth_url: "http://k", username: u, project_id: p}}}',
            [secure]: 'clouds: {c: {auth: {password: geheim}}}',
          })[path],
      });
    expect(from('/home/me/.config/openstack/secure.yaml').auth).toMatchObject({ password: 'geheim' });
    expect(from('/named/secure.yaml')).toMatchObject({ tls: { insecure: true } });
    expect(() => from('/elsewhere/secure.yaml')).toThrow(/password is missing/);
  });
  test.for([
    [{ auth_url: 'ftp://k' }, /auth_url "ftp:\/\/k" is no http/],
    [{ auth_url: 'http://k', username: ['a'] }, /username must be a text/],
    [
      { auth_url: 'http://k', application_credential_name: 'n', application_credential_secret: 's' },
      /its id/,
    ],
    [{ auth_url: 'http://k', application_credential_id: 'i' }, /application_credential_secret is missing/],
    [{ auth_url: 'http://k' }, /username is missing/],
  ] as const)('%j is refused in words', ([auth, message]) => {
    const file = JSON.stringify({ clouds: { c: { auth } } });
    const readFile = (path: string): string | undefined => (path === '/w/clouds.yaml' ? file : undefined);
    expect(() => loadCloud({ cloud: 'c', env: {}, cwd: '/w', home: '/h', readFile })).toThrow(message);
  });
  test('the CA is read, and missed in words', () => {
    const file = 'clouds: {c: {cacert: /ca.pem, auth: {auth_url: "https://k", token: t}}}';
    const options = { cloud: 'c', env: {}, cwd: '/w', home: '/h' };
    const files = new Map([['/w/clouds.yaml', file]]);
    const readFile = (path: string): string | undefined => files.get(path);
    expect(() => loadCloud({ ...options, readFile })).toThrow(/CA file \/ca.pem does not exist/);
    files.set('/ca.pem', 'PEM');
    expect(loadCloud({ ...options, readFile })).toMatchObject({
      auth: { type: 'token', token: 't' },
      tls: { ca: 'PEM' },
    });
  });
  test.for([
    ['nobody', {}, /has no cloud "nobody"; it has: lab, app, empty/],
    ['empty', {}, /project_name \(or project_id\) is missing/],
    ['lab', { OS_CLIENT_CONFIG_FILE: '/there.yaml' }, /looked for \/there.yaml/],
    [undefined, {}, /no cloud was named/],
  ] as const)('%s is refused in words', ([cloud, env, message]) => {
    expect(() => load(cloud, env)).toThrow(CloudConfigError);
    expect(() => load(cloud, env)).toThrow(message);
  });
});

test('the environment alone is enough', () => {
  const env = {
    OS_AUTH_URL: 'https://keystone/v3',
    OS_USERNAME: 'u',
    OS_PASSWORD: 'p',
    OS_TENANT_NAME: 't',
    OS_REGION_NAME: 'r',
  };
  expect(load(undefined, env)).toMatchObject({
    auth: { user: { name: 'u', domain: { id: 'default' } }, password: 'p' },
    project: { name: 't' },
    region: 'r',
  });
});

test('endpoints may be named instead of the catalog, in clouds.yaml and in the environment', () => {
  const file = JSON.stringify({
    clouds: {
      c: {
        auth: { auth_url: 'http://k', token: 't' },
        image_endpoint_override: 'https://image/v2',
        block_storage_endpoint_override: 'https://volume/v3',
      },
      bad: { auth: { auth_url: 'http://k', token: 't' }, image_endpoint_override: 'image' },
    },
  });
  const readFile = (path: string): string | undefined => (path === '/w/clouds.yaml' ? file : undefined);
  const from = (cloud: string) => loadCloud({ cloud, env: {}, cwd: '/w', home: '/h', readFile });
  expect(from('c').endpointOverrides).toEqual({
    image: 'https://image/v2',
    'block-storage': 'https://volume/v3',
  });
  expect(() => from('bad')).toThrow(/image_endpoint_override "image" is no http/);
  const env = { OS_AUTH_URL: 'http://k', OS_TOKEN: 't', OS_IMAGE_ENDPOINT_OVERRIDE: 'https://image' };
  expect(load(undefined, env).endpointOverrides).toEqual({ image: 'https://image' });
});

test.for([
  ['clouds:\n  c:\n    auth: {password: "geheim}\n', /clouds.yaml is no valid YAML: see line \d/],
  ['clouds:\n  c: 1\n    password: geheim: x\n', /see line [23]/],
  ['clouds: {c: {auth: {password: *geheim}}}\n', /clouds.yaml is no valid YAML/],
] as const)('what is no YAML is told without what it says: %j', ([text, message]) => {
  const readFile = (path: string): string | undefined => (path === '/w/clouds.yaml' ? text : undefined);
  let thrown: unknown;
  try {
    loadCloud({ cloud: 'c', env: {}, cwd: '/w', home: '/h', readFile });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(CloudConfigError);
  expect(String(thrown)).toMatch(message);
  expect(inspect(thrown)).not.toContain('geheim');
});

test('a warning of the parser does not reach the console', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const text = 'clouds: {c: {auth: {auth_url: "http://k", token: !own geheim}}}';
  loadCloud({ cloud: 'c', env: {}, cwd: '/w', home: '/h', readFile: () => text });
  expect(emit).not.toHaveBeenCalled();
  emit.mockRestore();
});

test('merging keeps every key of both, and the second wins', () => {
  const tree = fc.letrec((tie) => ({
    tree: fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof({ maxDepth: 3 }, fc.integer(), tie('tree'))),
  })).tree;
  fc.assert(
    fc.property(tree, tree, (first, second) => {
      const merged = mergeTrees(first, second);
      expect(new Set(Object.keys(merged))).toEqual(new Set([...Object.keys(first), ...Object.keys(second)]));
      expect(mergeTrees(merged, second)).toEqual(merged);
    }),
  );
});
