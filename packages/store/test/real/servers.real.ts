/** The suite on real servers, told by GUTS_TEST_POSTGRESQL and GUTS_TEST_MARIADB; see lab/real/databases/test.sh. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { event, migration } from '../fixtures.ts';
import { schemaSuite } from '../schema.testsuite.ts';
import { cursorsSuite } from '../cursors.testsuite.ts';
import { idempotencySuite } from '../idempotency.testsuite.ts';
import { sealedSuite } from '../sealed.testsuite.ts';
import { servicesSuite } from '../services.testsuite.ts';
import { listsSuite } from '../lists.testsuite.ts';
import { operationsSuite } from '../operations.testsuite.ts';
import { storeSuite } from '../store.testsuite.ts';
import { survivalSuite } from '../survival.testsuite.ts';
import { throughputSuite } from '../throughput.testsuite.ts';

interface Server {
  readonly name: string;
  readonly url: string;
  sql(text: string): Promise<void>;
  close(): Promise<void>;
}

function given(name: string): string {
  const url = process.env[name];
  if (url === undefined) throw new Error(`${name} is not set: run lab/real/databases/test.sh`);
  return url;
}

async function postgresql(): Promise<Server> {
  const url = given('GUTS_TEST_POSTGRESQL');
  const client = new pg.Client({ connectionString: `${url}/postgres` });
  await client.connect();
  return {
    name: 'PostgreSQL',
    url,
    sql: async (text) => void (await client.query(text)),
    close: () => client.end(),
  };
}

async function mariadb(): Promise<Server> {
  const url = given('GUTS_TEST_MARIADB');
  const client = await mysql.createConnection(url.replace(/^mariadb:/, 'mysql:'));
  return {
    name: 'MariaDB',
    url,
    sql: async (text) => void (await client.query(text)),
    close: () => client.end(),
  };
}

const servers = [await postgresql(), await mariadb()];
afterAll(async () => {
  for (const server of servers) await server.close();
});

describe.for(servers)('$name', (server) => {
  const fresh = async (): Promise<string> => {
    const name = `guts_${randomBytes(6).toString('hex')}`;
    await server.sql(`create database ${name}`);
    return `${server.url}/${name}`;
  };
  const open = async () => {
    const url = await fresh();
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
  describe('survival', () => {
    survivalSuite(open);
  });
  describe('throughput', () => {
    throughputSuite(fresh);
  });
  describe('schema', () => {
    schemaSuite(
      fresh,
      fileURLToPath(new URL(`../schema-dumps/${server.name.toLowerCase()}`, import.meta.url)),
    );
  });

  test('several processes upgrade at once, and each change is made once', async () => {
    const url = await fresh();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore({ url })));
    const applied = await Promise.all(stores.map((store) => store.upgrade()));
    const names = applied.flatMap((one) => one.applied);
    expect(new Set(names).size).toBe(names.length);
    expect(await stores[0]?.check()).toMatchObject({ current: true });
    for (const store of stores) await store.close();
  });

  test('whoever reads events by their sequence misses none while many write', async () => {
    const url = await fresh();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ url })));
    const [reader] = stores;
    if (!reader) throw new Error('no store');
    await reader.upgrade();
    const written = new AbortController();
    const writers = stores.map(async (store, index) => {
      for (let n = 0; n < 60; n += 1) {
        const id = `m-${index}-${n}`;
        await store.createMigration(migration(id), event(id));
      }
    });
    const all = Promise.all(writers).finally(() => written.abort());
    const seen: string[] = [];
    let after = 0;
    const read = async (): Promise<number> => {
      const events = await reader.listEvents({ projectId: 'p1' }, { after, limit: 7 });
      for (const one of events) {
        seen.push(one.resourceId);
        after = one.sequence;
      }
      return events.length;
    };
    while (!written.signal.aborted) await read();
    await all;
    while ((await read()) > 0);
    expect(seen).toHaveLength(240);
    expect(new Set(seen).size).toBe(240);
    for (const store of stores) await store.close();
  });

  test('two ask for the same instance at once: one is refused in words', async () => {
    const url = await fresh();
    const [one, two] = [await openStore({ url }), await openStore({ url })];
    await one.upgrade();
    for (let n = 0; n < 10; n += 1) {
      const instanceRef = `vm-same-${n}`;
      const tried = await Promise.allSettled([
        one.createMigration(migration(`a${n}`, { instanceRef }), event(`a${n}`)),
        two.createMigration(migration(`b${n}`, { instanceRef }), event(`b${n}`)),
      ]);
      const refused = tried.filter((result) => result.status === 'rejected');
      expect(refused.map((result) => (result.reason as { code: string }).code)).toEqual(['conflict']);
    }
    await one.close();
    await two.close();
  });

  test('a server that is away is said to be so, without its password', async () => {
    const [scheme] = server.url.split('://');
    const store = await openStore({ url: `${scheme}://guts@127.0.0.1:1/none`, password: 'hush' });
    const failure = await store.listServices(1).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'database_unavailable' });
    expect((failure as Error).message).not.toContain('hush');
    await store.close();
  });
});
