import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runDb } from './db.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-db-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function db(command: 'upgrade' | 'check', name: string, json: boolean): Promise<string> {
  let text = '';
  const out = { write: (more: string) => (text += more) };
  await runDb(command, null, { GUTS_STATE_DIR: join(folder, name) }, { json, out });
  return text;
}

test('the schema is looked after, for programs', async () => {
  const database = `sqlite://${join(folder, 'a', 'guts.sqlite')}`;
  await expect(db('check', 'a', true)).rejects.toMatchObject({
    code: 'configuration',
    details: { database, pending: expect.arrayContaining([expect.stringMatching(/^0001/)]) as unknown },
  });
  const upgraded = JSON.parse(await db('upgrade', 'a', true)) as { applied: string[] };
  expect(upgraded).toMatchObject({ database });
  expect(upgraded.applied.length).toBeGreaterThan(0);
  expect(JSON.parse(await db('upgrade', 'a', true))).toEqual({ database, applied: [] });
  expect(JSON.parse(await db('check', 'a', true))).toEqual({
    database,
    current: true,
    pending: [],
    ahead: [],
  });
});

test('and for people', async () => {
  expect(await db('upgrade', 'b', false)).toMatch(/guts\.sqlite: applied 0001/);
  expect(await db('check', 'b', false)).toMatch(/the schema is current\n$/);
});
