import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Answerer, guts } from '../../test/rig.ts';
import { displayWidth } from './table.ts';

const store = { ref: 'datastore-1', name: 'fast, "new"', kind: 'VMFS', capacity_bytes: 2 ** 40 };
const datastores = [
  { ...store, free_bytes: 2 ** 39 },
  { ref: 'datastore-2', name: 'a\nb', kind: 'NFS', capacity_bytes: null, free_bytes: 2000 },
  { ref: 'datastore-3', name: 'c', kind: 'NFS', capacity_bytes: 9000, free_bytes: 10_000 },
];
const api: Answerer = (_method, path) =>
  path.startsWith('/v1/operations/')
    ? { operation: { id: 'op-1', status: 'done', result: { version: 8 }, error: null } }
    : { datastores, links: { next: null } };
const list = async (...args: string[]): Promise<string> =>
  (await guts(['datastore', 'list', '--source', 's', ...args], api)).out;
const show = async (...args: string[]): Promise<string> =>
  (await guts(['operation', 'show', 'op-1', ...args], api)).out;

describe('a list', () => {
  test('as JSON has the titles as keys and bytes as numbers', async () => {
    const [first, second] = JSON.parse(await list('-f', 'json')) as Record<string, unknown>[];
    expect(first).toEqual({
      Ref: 'datastore-1',
      Name: 'fast, "new"',
      Kind: 'VMFS',
      Capacity: 2 ** 40,
      Free: 2 ** 39,
    });
    expect(second?.['Capacity']).toBeNull();
    expect((await list('-f', 'json', '--noindent')).trimEnd()).not.toContain('\n');
  });
  test('as YAML says the same', async () => {
    expect(parse(await list('-f', 'yaml'))).toEqual(JSON.parse(await list('-f', 'json')));
  });
  test('as CSV quotes what needs it', async () => {
    expect(await list('-f', 'csv', '-c', 'Name', '-c', 'Capacity')).toBe(
      '"Name","Capacity"\n"fast, ""new""",1099511627776\n"a\nb",\n"c",9000\n',
    );
  });
  test('as values has one line for each, whatever a name holds', async () => {
    expect(await list('-f', 'value', '-c', 'free', '-c', 'name')).toBe(
      'fast, "new" 549755813888\na\\x0ab 2000\nc 10000\n',
    );
  });
  test('is sorted by numbers as numbers, and by several columns', async () => {
    expect(await list('-f', 'value', '-c', 'Free', '--sort-column', 'free')).toBe(
      '2000\n10000\n549755813888\n',
    );
    const refs = await list(
      '-f',
      'value',
      '-c',
      'Ref',
      '--sort-column',
      'Kind',
      '--sort-column',
      'Free',
      '--sort-descending',
    );
    expect(refs).toBe('datastore-1\ndatastore-3\ndatastore-2\n');
  });
  test('fits into a width', async () => {
    const lines = (await list('--max-width', '54')).trimEnd().split('\n');
    expect(new Set(lines.map(displayWidth))).toEqual(new Set([54]));
    expect(Math.max(...(await list()).split('\n').map(displayWidth))).toBeGreaterThan(54);
  });
  test.for(['-c', '--sort-column'])('refuses a column that is not there: %s', async (option) => {
    await expect(list(option, 'Colour')).rejects.toThrow(/"Colour"; there is Ref, Name/);
  });
});

describe('one thing', () => {
  test('as JSON and YAML keeps what its fields are', async () => {
    const whole = { id: 'op-1', status: 'done', result: { version: 8 }, error: null };
    expect(JSON.parse(await show('-f', 'json'))).toEqual(whole);
    expect(parse(await show('-f', 'yaml'))).toEqual(whole);
  });
  test('as a value for scripts', async () => {
    expect(await show('-f', 'value', '-c', 'status')).toBe('done\n');
    expect(await show('-f', 'value', '-c', 'result', '-c', 'error')).toBe('{"version":8}\n\n');
  });
  test('as CSV', async () => {
    expect(await show('-f', 'csv', '-c', 'id', '-c', 'status')).toBe('"id","status"\n"op-1","done"\n');
  });
});

test('--json and another format exclude each other', async () => {
  await expect(guts(['--json', 'operation', 'show', 'op-1', '-f', 'yaml'], api)).rejects.toThrow(/exclude/);
});
