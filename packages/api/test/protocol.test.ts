import type { Caller } from '../src/authenticator.ts';
import { openStore } from '@guts/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { inProject, projectInPath } from '../src/protocol/path-project.ts';
import { versionFor } from '../src/protocol/version.ts';
import { eventFor, optionsFor, TOKEN } from './rig.ts';

const store = await openStore({ url: 'sqlite::memory:' });
const api = createApi(optionsFor(store));
const PROJECT = '0123456789abcdef0123456789abcdef';
const DASHED = '01234567-89ab-cdef-0123-456789abcdef';

beforeAll(async () => {
  await store.upgrade();
  for (const id of ['s1', 's2'])
    await store.createEndpoint(
      { id, projectId: 'local', side: 'source', name: id, driver: 'd', settings: {}, sealedSecret: '' },
      eventFor('source', id),
    );
});
afterAll(async () => {
  await api.close();
  await store.close();
});

const get = (url: string, headers: Record<string, string> = {}) =>
  api.inject({ method: 'GET', url, headers: { 'x-auth-token': TOKEN, host: 'guts.test:7000', ...headers } });
const version = (asked: string) => ({ 'openstack-api-version': asked });

describe('version documents', () => {
  test.for(['/', '/v1', '/v1/', `/v1/${PROJECT}`, `/v1/${PROJECT}/`])(
    '%s is open and absolute',
    async (url) => {
      const answer = await api.inject({ method: 'GET', url, headers: { host: 'guts.test:7000' } });
      const project = url.includes(PROJECT) ? `${PROJECT}/` : '';
      const document = {
        id: 'v1.0',
        status: 'CURRENT',
        min_version: '1.0',
        version: '1.1',
        links: [
          { rel: 'self', href: `http://guts.test:7000/v1/${project}` },
          { rel: 'describedby', href: 'http://guts.test:7000/v1/openapi.json' },
        ],
      };
      expect(answer.statusCode).toBe(url === '/' ? 300 : 200);
      expect(answer.json()).toMatchObject(url === '/' ? { versions: [document] } : { version: document });
    },
  );
  test('say where a proxy is reached, when that is set, and never repeat what is no host', async () => {
    const behind = createApi(optionsFor(store, { publicUrl: 'https://cloud.test/migration/' }));
    const answer = await behind.inject({ method: 'GET', url: '/v1' });
    await behind.close();
    expect(answer.json().version.links[0].href).toBe('https://cloud.test/migration/v1/');
    const odd = await get('/v1', { host: '"><script>' });
    expect(odd.json().version.links[0].href).toBe('/v1/');
  });
});

describe('microversions', () => {
  test.for([
    [undefined, '1.0'],
    ['compute 2.90', '1.0'],
    ['migration 1.0', '1.0'],
    ['compute 2.90, Migration  1.1', '1.1'],
    ['migration latest', '1.1'],
  ] as const)('%s is answered in %s', async ([asked, answered]) => {
    expect(versionFor(asked)).toBe(answered);
    const answer = await get('/v1/sources?limit=1', asked === undefined ? {} : version(asked));
    expect(answer.headers['openstack-api-version']).toBe(`migration ${answered}`);
    expect(answer.headers['vary']).toBe('OpenStack-API-Version');
    const host = answered === '1.0' ? '' : 'http://guts.test:7000';
    expect(answer.json().links.next).toBe(`${host}/v1/sources?limit=1&marker=s1`);
  });
  test('one that is not served is answered with the range', async () => {
    for (const asked of ['migration 1.99', 'migration 2.0']) {
      const answer = await get('/v1/sources', version(asked));
      expect(answer.statusCode).toBe(406);
      expect(answer.json().error).toMatchObject({
        guts_code: 'version_unsupported',
        details: { min_version: '1.0', max_version: '1.1' },
      });
    }
  });
  test('what is no version is said', async () => {
    for (const asked of ['migration', 'migration one', 'migration 1.0 x', 'migration 1.0, migration 1.1']) {
      const answer = await get('/v1/sources', version(asked));
      expect([answer.statusCode, answer.json().error.field]).toEqual([400, 'headers.openstack-api-version']);
    }
  });
});

describe('the project in the path', () => {
  test('may stand after /v1 of every route, and stays in the links', async () => {
    for (const project of [PROJECT, DASHED]) {
      const answer = await get(`/v1/${project}/sources?limit=1`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json().links.next).toBe(`/v1/${project}/sources?limit=1&marker=s1`);
    }
    expect((await get(`/v1/${PROJECT}/sources/s1`)).json().source.id).toBe('s1');
    expect((await get(`/v1/${PROJECT}/nothing`)).statusCode).toBe(404);
    expect((await api.inject({ method: 'GET', url: `/v1/${PROJECT}/sources` })).statusCode).toBe(401);
  });
  test('is no id, and no other word', () => {
    expect(projectInPath(`/v1/${PROJECT}x/sources`)).toBeNull();
    expect(projectInPath(`/v1/migrations/${DASHED}`)).toBeNull();
    expect(projectInPath(`/v1/${DASHED}?limit=1`)).toBe(DASHED);
  });
  const caller = (more: Partial<Caller>): Caller => ({
    projectId: PROJECT,
    userId: 'u',
    roles: ['member'],
    system: false,
    ...more,
  });
  const other = `/v1/${'f'.repeat(32)}/sources`;
  test('must be that of the token, however it is written', () => {
    expect(inProject(caller({}), projectInPath(`/v1/${DASHED.toUpperCase()}/sources`), false).projectId).toBe(
      PROJECT,
    );
    expect(() => inProject(caller({}), projectInPath(other), false)).toThrow(/another/);
    expect(() => inProject(caller({ roles: ['admin'] }), projectInPath(other), false)).toThrow(/another/);
  });
  test('may be any for whom the policy lets, who acts in it', () => {
    expect(inProject(caller({}), projectInPath(other), true).projectId).toBe('f'.repeat(32));
    expect(inProject(caller({}), projectInPath('/v1/sources'), true).projectId).toBe(PROJECT);
  });
});
