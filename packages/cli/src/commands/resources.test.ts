import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Answerer, guts } from '../../test/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-resources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ID = '3f2a9c1e-0000-4000-8000-000000000001';
const stored = {
  id: ID,
  name: 'prod',
  description: null,
  mapping: { networks: { DMZ: { network: 'dmz' } }, datastores: { '*': 'fast' } },
};
const api: Answerer = (method, path) => {
  if (method === 'DELETE') return new Response(null, { status: 204 });
  if (method !== 'GET') return { mapping: stored };
  const name = new URL(path, 'http://h').searchParams.get('name');
  return { mappings: name === null || name === 'prod' ? [stored] : [], links: { next: null } };
};

describe('guts mapping', () => {
  test('is made of a file and of options over it', async () => {
    const file = join(folder, 'mapping.yaml');
    writeFileSync(file, 'mapping:\n  networks:\n    DMZ: {network: dmz}\n    VM Network: {network: old}\n');
    const args = [
      'mapping',
      'create',
      'prod',
      '--file',
      file,
      '--network',
      'VM Network=new',
      '--skip-disk',
      '2000',
    ];
    const { calls } = await guts(args, api);
    expect(calls).toEqual([
      {
        line: 'POST /v1/mappings',
        body: {
          name: 'prod',
          mapping: {
            networks: { DMZ: { network: 'dmz' }, 'VM Network': { network: 'new' } },
            nics: {},
            datastores: {},
            disks: { '2000': { skip: true } },
          },
        },
      },
    ]);
  });
  test('is changed in what is given', async () => {
    const args = ['mapping', 'set', '3f2a', '--volume-type', 'ssd=faster', '--unset', 'network=DMZ'];
    const { calls } = await guts(args, api);
    expect(calls.at(-1)).toEqual({
      line: `PATCH /v1/mappings/${ID}`,
      body: { mapping: { networks: {}, nics: {}, datastores: { '*': 'fast', ssd: 'faster' }, disks: {} } },
    });
  });
  test.for([
    [['set', 'prod'], /say what to change/],
    [['set', 'prod', '--unset', 'network=no'], /no "network=no"/],
    [['set', 'prod', '--unset', 'colour=red'], /kinds are network/],
    [['show', 'nobody'], /no mapping with the name or id "nobody"/],
  ] as const)('%j is refused', async ([args, message]) => {
    await expect(guts(['mapping', ...args], api)).rejects.toThrow(message);
  });
  test('is deleted by its name', async () => {
    expect((await guts(['mapping', 'delete', 'prod'], api)).calls.at(-1)?.line).toBe(
      `DELETE /v1/mappings/${ID}`,
    );
  });
});

test('guts event list asks for the last ones, or for those after one', async () => {
  const events: Answerer = () => ({ events: [], links: { next: null } });
  const line = async (...args: string[]) => (await guts(['event', 'list', ...args], events)).calls[0]?.line;
  expect(await line()).toBe('GET /v1/events?limit=100&newest=true');
  expect(await line('--after', '7', '--resource', 'r')).toBe('GET /v1/events?limit=100&resource=r&after=7');
});

test('guts audit list shows the last lines, oldest first', async () => {
  const line = (at: string) => ({
    id: at,
    at,
    user_id: null,
    request_id: 'r',
    action: 'a',
    resource_id: null,
    data: {},
  });
  const audit: Answerer = () => ({ audit: [line('2'), line('1')], links: { next: null } });
  const { out, calls } = await guts(['audit', 'list', '--user', 'me', '-f', 'value', '-c', 'At'], audit);
  expect(calls[0]?.line).toBe('GET /v1/audit?user=me&sort=created_at%3Adesc&limit=100');
  expect(out).toBe('1\n2\n');
});

test('guts destination volume type list asks by the beginning of an id', async () => {
  const facts: Answerer = (_method, path) =>
    path.includes('/volume_types')
      ? { volume_types: [{ id: 'v', name: 'fast' }], links: { next: null } }
      : { destinations: path.includes('name=') ? [] : [{ id: ID, name: 'cloud' }], links: { next: null } };
  const { out, calls } = await guts(['destination', 'volume', 'type', 'list', '3f2a', '-f', 'value'], facts);
  expect(calls.at(-1)?.line).toBe(`GET /v1/destinations/${ID}/volume_types?limit=1000`);
  expect(out).toBe('v fast\n');
});

test('guts source validate --no-wait shows the operation and leaves', async () => {
  const source: Answerer = (method) =>
    method === 'POST'
      ? { operation: { id: 'o', status: 'queued' } }
      : { sources: [{ id: ID, name: 'vc' }], links: { next: null } };
  const { calls, exit } = await guts(['source', 'validate', 'vc', '--no-wait'], source);
  expect(calls).toHaveLength(2);
  expect(exit).toBe(0);
});
