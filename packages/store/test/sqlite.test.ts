import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../src/index.ts';
import { openSqlite } from '../src/sqlite/database.ts';
import { cursorsSuite } from './cursors.testsuite.ts';
import { event, migration, ROUND } from './fixtures.ts';
import { idempotencySuite } from './idempotency.testsuite.ts';
import { sealedSuite } from './sealed.testsuite.ts';
import { servicesSuite } from './services.testsuite.ts';
import { listsSuite } from './lists.testsuite.ts';
import { operationsSuite } from './operations.testsuite.ts';
import { storeSuite } from './store.testsuite.ts';
import { survivalSuite } from './survival.testsuite.ts';
import { throughputSuite } from './throughput.testsuite.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'guts-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('SQLite in memory', () => {
  const open = async () => ({ store: await openStore({ url: 'sqlite::memory:' }), again: () => null });
  describe('store', () => {
    storeSuite(open);
    operationsSuite(open);
    listsSuite(open);
    idempotencySuite(open);
    servicesSuite(open);
    sealedSuite(open);
    cursorsSuite(open);
  });
  describe('survival', () => {
    survivalSuite(open);
  });
});

describe('SQLite in a file', () => {
  const open = async () => {
    const url = `sqlite://${folder}/guts.db`;
    return { store: await openStore({ url }), again: () => openStore({ url }) };
  };
  describe('store', () => {
    storeSuite(open);
    operationsSuite(open);
    listsSuite(open);
    idempotencySuite(open);
    servicesSuite(open);
    sealedSuite(open);
    cursorsSuite(open);
  });
  describe('throughput', () => {
    // oxlint-disable-next-line typescript/require-await -- elsewhere a server makes it
    throughputSuite(async () => `sqlite://${folder}/guts.db`);
  });
  describe('survival', () => {
    survivalSuite(open);
  });
});

test('daemons that start together make one new database', async () => {
  const url = `sqlite://${folder}/guts.db`;
  const stores = await Promise.all([1, 2, 3, 4].map(() => openStore({ url })));
  const upgrades = await Promise.all(stores.map((store) => store.upgrade()));
  const applied = upgrades.flatMap((one) => one.applied);
  expect(applied.toSorted()).toEqual([...new Set(applied)].toSorted());
  expect(await stores[0]?.check()).toMatchObject({ current: true });
  await Promise.all(stores.map((store) => store.close()));
});

test('a round of the scheduler that finds nothing to do writes nothing', async () => {
  const file = path.join(folder, 'guts.db');
  const store = await openStore({ url: `sqlite://${file}` });
  await store.upgrade();
  const onlooker = openSqlite(file);
  // It changes whenever another connection commits something (SQLite, "PRAGMA data_version").
  const version = (): unknown => onlooker.prepare('pragma data_version').all([])[0];
  const before = version();
  expect(await store.scheduleRound(ROUND, () => [])).toEqual({ waiting: 0, reserved: [] });
  expect(version()).toEqual(before);
  await store.createMigration(migration('m1'), event('m1'));
  expect(version()).not.toEqual(before);
  onlooker.close();
  await store.close();
});

describe('a database that cannot be used is refused in words', () => {
  test('the folder does not exist', async () => {
    await expect(openStore({ url: `sqlite://${folder}/none/guts.db` })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('none/guts.db'),
    });
  });
  test('the file is something else', async () => {
    const file = path.join(folder, 'guts.db');
    writeFileSync(file, 'this is a letter, not a database; '.repeat(100));
    await expect(openStore({ url: `sqlite://${file}` })).rejects.toMatchObject({ code: 'configuration' });
  });
  test('the path is a folder', async () => {
    chmodSync(folder, 0o700);
    await expect(openStore({ url: `sqlite://${folder}` })).rejects.toMatchObject({ code: 'configuration' });
  });
  test('the scheme is unknown', async () => {
    await expect(openStore({ url: 'oracle://scott:tiger@db/x' })).rejects.toThrow(/oracle:…/);
  });
});
