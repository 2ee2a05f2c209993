import { describe, expect, test } from 'vitest';
import { type Answerer, guts } from '../../test/rig.ts';

const id = (start: string): string => `${start}-0000-4000-8000-000000000000`;
const migrations = [
  { id: id('aaaa1111'), name: 'web', status: 'completed' },
  { id: id('aaaa2222'), name: 'web', status: 'cancelled' },
  { id: id('bbbb1111'), name: 'db', status: 'failed' },
  { id: id('bbbb2222'), name: 'db', status: 'completed' },
  { id: id('cccc1111'), name: 'old', status: 'reverted' },
  { id: id('cccc2222'), name: 'old', status: 'cancelled' },
  { id: id('dddd1111'), name: 'mail', status: 'committed' },
];
const api: Answerer = (method, path) => {
  const name = new URL(path, 'http://h').searchParams.get('name');
  if (method === 'POST') return { migration: { id: path } };
  return {
    migrations: migrations.filter((one) => name === null || one.name === name),
    links: { next: null },
  };
};
const asked = async (text: string): Promise<string | undefined> =>
  (await guts(['migration', 'retry', text], api)).calls.at(-1)?.line;

describe('a migration is meant', () => {
  test.for([
    ['by its name', 'mail', 'dddd1111'],
    ['by its name, when one of several has not ended', 'web', 'aaaa1111'],
    ['by the beginning of its id', 'bbbb1', 'bbbb1111'],
  ] as const)('%s', async ([, text, start]) => {
    expect(await asked(text)).toBe(`POST /v1/migrations/${id(start)}/actions`);
  });
  test('by its id, without a question before', async () => {
    const { calls } = await guts(['migration', 'retry', id('eeee1111')], api);
    expect(calls.map(({ line }) => line)).toEqual([`POST /v1/migrations/${id('eeee1111')}/actions`]);
  });
  test.for([
    ['db', ['bbbb1111', 'bbbb2222']],
    ['old', ['cccc1111', 'cccc2222']],
    ['bbbb', ['bbbb1111', 'bbbb2222']],
  ] as const)('by nothing that fits several: %s', async ([text, starts]) => {
    await expect(asked(text)).rejects.toMatchObject({
      code: 'ambiguous',
      remedy: expect.stringContaining(`${id(starts[0])} (`),
      details: { ids: starts.map(id) },
    });
  });
  test.for(['nobody', 'aaa', ''])('by nothing that fits none: "%s"', async (text) => {
    await expect(asked(text)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a daemon is meant', () => {
  const worker = { binary: 'guts-migration', alive: true, host: 'h1', drivers: [] };
  const services = [
    { ...worker, id: 'worker-1-aaaa' },
    { ...worker, id: 'worker-2-bbbb', alive: false },
    { ...worker, id: 'worker-3-cccc', host: 'h2' },
    { ...worker, id: 'worker-4-dddd', host: 'h2' },
    { ...worker, id: 'scheduler-eeee', binary: 'guts-scheduler' },
  ];
  const daemons: Answerer = (method) =>
    method === 'GET'
      ? { services }
      : method === 'DELETE'
        ? new Response(null, { status: 204 })
        : { service: worker };
  const line = async (...args: string[]): Promise<string | undefined> =>
    (await guts(['service', ...args], daemons)).calls.at(-1)?.line;

  test('by its host, where one worker lives', async () => {
    expect(await line('enable', 'h1')).toBe('PATCH /v1/services/worker-1-aaaa');
    expect(await line('forget', 'h1')).toBe('DELETE /v1/services/worker-2-bbbb');
  });
  test('by its id or the beginning of one', async () => {
    expect(await line('enable', 'worker-3-cccc')).toBe('PATCH /v1/services/worker-3-cccc');
    expect(await line('disable', 'sche', '--reason', 'why')).toBe('PATCH /v1/services/scheduler-eeee');
  });
  test.for(['h2', 'work'])('by nothing that fits several: %s', async (text) => {
    await expect(line('enable', text)).rejects.toMatchObject({
      code: 'ambiguous',
      remedy: expect.stringContaining('worker-4-dddd (guts-migration on h2)'),
    });
  });
  test.for(['h3', 'wor'])('by nothing that fits none: %s', async (text) => {
    await expect(line('enable', text)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('guts migration watch', () => {
  test('--json tells one line for each', async () => {
    const { out } = await guts(['--json', 'migration', 'watch', 'web', 'mail'], (method, path) => {
      const shown = /^\/v1\/migrations\/([^/?]+)(?:\/(\w+))?/.exec(path);
      if (!shown) return api(method, path, null);
      const [, whole = '', what] = shown;
      if (what === 'report') return { report: { migration_id: whole } };
      if (what !== undefined) return { [what]: [] };
      return { migration: migrations.find((one) => one.id === whole) };
    });
    const lines = out
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one) as unknown);
    expect(lines).toEqual([{ migration_id: id('aaaa1111') }, { migration_id: id('dddd1111') }]);
  });
  test('without a name is about all that are going', async () => {
    const asked = new Map<string, number>();
    const { out } = await guts(['migration', 'watch', '--json'], (_method, path) => {
      const [, whole, what] = /^\/v1\/migrations\/([^/?]+)(?:\/(\w+))?/.exec(path) ?? [];
      const all = [...migrations, { id: id('eeee1111'), name: 'new', status: 'queued' }];
      if (whole === undefined) return { migrations: all, links: { next: null } };
      if (what === 'report') return { report: { migration_id: whole } };
      if (what !== undefined) return { [what]: [] };
      asked.set(whole, (asked.get(whole) ?? 0) + 1);
      return { migration: { id: whole, name: 'new', step: null, status: 'completed' } };
    });
    expect([...asked]).toEqual([[id('eeee1111'), 1]]);
    expect(JSON.parse(out)).toEqual({ migration_id: id('eeee1111') });
  });
  test('without a name says so when none is going', async () => {
    expect((await guts(['migration', 'watch'], api)).out).toBe('no migration is going\n');
  });
});
