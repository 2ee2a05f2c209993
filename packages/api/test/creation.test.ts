import { BulkAnswer, routes } from '@guts/contract';
import { GutsError, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { optionsFor, putEnds, putInstances, storeWith, TOKEN } from './rig.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  await putEnds(store);
  await putInstances(
    store,
    's1',
    Array.from({ length: 30 }, (_, n) => ({ ref: `vm-${n}`, name: `name-${n}` })),
  );
});
afterEach(() => store.close());

async function send(url: string, body: object, key?: string, changed: Partial<Store> = {}) {
  const api = createApi(optionsFor(storeWith(store, changed)));
  const answer = await api.inject({
    method: 'POST',
    url,
    headers: { 'x-auth-token': TOKEN, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    payload: body,
  });
  await api.close();
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}
const wanted = (n: number) => ({ source: 'vc', destination: 'cloud', instance: `vm-${n}` });
const all = () => store.listMigrations({ projectId: 'local' }, { limit: 1000 });

describe('an idempotency key', () => {
  test('gives the first answer again, whatever became of it, and makes nothing again', async () => {
    const first = await send('/v1/migrations', wanted(1), 'k1');
    expect([first.status, first.headers['idempotency-replayed']]).toEqual([202, undefined]);
    await store.moveMigration(
      first.body.migration.id,
      ['queued'],
      { status: 'cancelled' },
      {
        projectId: 'local',
        resource: 'migration',
        resourceId: first.body.migration.id,
        type: 't',
        severity: 'information',
        message: '',
        data: {},
      },
    );
    const { instance, destination, source } = wanted(1);
    const again = await send('/v1/migrations', { instance, source, destination }, 'k1');
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
    expect(again.body).toEqual(first.body);
    expect(await all()).toHaveLength(1);
    expect((await send('/v1/migrations', wanted(1), 'k2')).body.migration.id).not.toBe(
      first.body.migration.id,
    );
  });
  test('with another request is refused', async () => {
    await send('/v1/migrations', wanted(1), 'k1');
    expect(await send('/v1/migrations', wanted(2), 'k1')).toMatchObject({
      status: 422,
      body: { error: { guts_code: 'idempotency_mismatch', field: 'headers.idempotency-key' } },
    });
    const mapping = { name: 'm', mapping: {} };
    expect((await send('/v1/mappings', mapping, 'k1')).status).toBe(422);
    expect(await all()).toHaveLength(1);
  });
  test('of a request that was refused is free again', async () => {
    expect((await send('/v1/migrations', { ...wanted(1), instance: 'none' }, 'k1')).status).toBe(404);
    expect((await send('/v1/migrations', wanted(1), 'k1')).status).toBe(202);
  });
  test('while the first is being answered is told to wait', async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const createMigration: Store['createMigration'] = async (...given) => {
      await gate;
      return store.createMigration(...given);
    };
    const first = send('/v1/migrations', wanted(1), 'k1', { createMigration });
    let second = await send('/v1/migrations', wanted(1), 'k1');
    while (second.status === 202) second = await send('/v1/migrations', wanted(1), 'k1');
    expect(second).toMatchObject({ status: 409, body: { error: { message: /not answered yet/ } } });
    go();
    expect((await first).status).toBe(202);
  });
  test.for([['a migration'], ['a source']] as const)(
    'whose request broke after it made %s finds that again',
    async ([what]) => {
      const answerKey = () => Promise.reject(new GutsError('database_unavailable', 'away'));
      const [url, body] =
        what === 'a migration'
          ? ['/v1/migrations', wanted(1)]
          : ['/v1/sources/s1/actions', { action: 'validate' }];
      const broken = await send(url, body, 'k1', { answerKey });
      expect(broken.status).toBe(503);
      const again = await send(url, body, 'k1');
      expect([again.status, again.headers['idempotency-replayed']]).toEqual([202, undefined]);
      const operations = await store.listOperations(
        { projectId: 'local' },
        { limit: 9, kind: 'source.validate' },
      );
      expect((await all()).length + operations.length).toBe(1);
    },
  );
  test('that is none is refused', async () => {
    for (const key of ['', 'a b', 'x'.repeat(256)])
      expect(await send('/v1/migrations', wanted(1), key)).toMatchObject({
        status: 400,
        body: { error: { field: 'headers.idempotency-key' } },
      });
  });
  test('guards every creation', () => {
    const creations = [
      routes.sources.create,
      routes.sources.act,
      routes.destinations.create,
      routes.mappings.create,
      routes.migrations.create,
      routes.migrations.bulk,
    ];
    expect(creations.filter((one) => one.creates !== true)).toEqual([]);
  });
});

describe('many migrations at once', () => {
  test('are each made or refused on their own', async () => {
    const items = [
      wanted(1),
      { ...wanted(2), instance: 'none' },
      { ...wanted(3), policies: { power: 'axe' } },
      { ...wanted(4), colour: 'red' },
      wanted(1),
      'nonsense',
      { ...wanted(5), mode: 'warm' },
      { ...wanted(6), name: 'six' },
    ];
    const { status, body } = await send('/v1/migrations/bulk', { migrations: items });
    expect(status).toBe(200);
    expect(Value.Errors(BulkAnswer, body)).toEqual([]);
    expect([body.created, body.refused]).toEqual([2, 6]);
    const results = body.results as {
      index: number;
      migration: { name: string } | null;
      error: { code: number; field: string } | null;
    }[];
    expect(
      results.map(({ migration, error }) => migration?.name ?? `${error?.code} ${error?.field}`),
    ).toEqual([
      'name-1',
      '404 body.migrations.1.instance',
      '400 body.migrations.2.policies.power',
      '400 body.migrations.3.colour',
      '409 body.migrations.4',
      '400 body.migrations.5',
      '501 body.migrations.6.mode',
      'six',
    ]);
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await all()).map(({ name }) => name)).toEqual(['name-1', 'six']);
  });
  test('sent again with their key make nothing again, and what could not be made is', async () => {
    const items = Array.from({ length: 20 }, (_, n) => wanted(n));
    let left = 7;
    const createMigration: Store['createMigration'] = (...given) => {
      left -= 1;
      return left < 0
        ? Promise.reject(new GutsError('database_unavailable', 'away'))
        : store.createMigration(...given);
    };
    const first = await send('/v1/migrations/bulk', { migrations: items }, 'k', { createMigration });
    expect([first.body.created, first.body.refused]).toEqual([7, 13]);
    const second = await send('/v1/migrations/bulk', { migrations: items }, 'k');
    expect([second.body.created, second.body.refused]).toEqual([20, 0]);
    const ids = (answer: typeof second) =>
      (answer.body.results as { migration: { id: string } | null }[]).map(({ migration }) => migration?.id);
    expect(ids(second).slice(0, 7)).toEqual(ids(first).slice(0, 7));
    expect(await all()).toHaveLength(20);
    const third = await send('/v1/migrations/bulk', { migrations: items }, 'k');
    expect([third.headers['idempotency-replayed'], third.body]).toEqual(['true', second.body]);
  });
  test('are at least one and at most a thousand', async () => {
    expect((await send('/v1/migrations/bulk', { migrations: [] })).status).toBe(400);
    const many = Array.from({ length: 1001 }, () => ({}));
    expect((await send('/v1/migrations/bulk', { migrations: many })).status).toBe(400);
    const long = { ...wanted(1), properties: { os: 'x'.repeat(250) }, name: 'n' };
    const items = Array.from({ length: 1000 }, (_, n) => ({
      ...long,
      target_name: `${'t'.repeat(1500)}${n}`,
    }));
    const answer = await send('/v1/migrations/bulk', { migrations: items });
    expect([answer.status, answer.body.refused]).toEqual([200, 1000]);
  });
});

describe('stored mappings', () => {
  const mapping = {
    networks: { '*': { network: 'lan' }, 'VM Network': { network: 'dmz' } },
    disks: { 2000: { volume_type: 'fast' } },
  };
  test('are made, shown, changed, listed, deleted; every change is audited', async () => {
    const made = (await send('/v1/mappings', { name: 'usual', mapping })).body.mapping;
    expect(made).toMatchObject({ name: 'usual', description: null, mapping: { ...mapping, nics: {} } });
    const api = createApi(optionsFor(store));
    const call = async (method: 'GET' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
      const answer = await api.inject({
        method,
        url,
        headers: { 'x-auth-token': TOKEN },
        ...(payload ? { payload } : {}),
      });
      return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
    };
    const changed = await call('PATCH', `/v1/mappings/${made.id}`, { description: 'of the office' });
    expect(changed.body.mapping).toMatchObject({ description: 'of the office', name: 'usual' });
    const list = await call('GET', '/v1/mappings?sort=name');
    expect(Value.Errors(routes.mappings.list.answer, list.body)).toEqual([]);
    expect(list.body.mappings).toHaveLength(1);
    expect((await call('GET', `/v1/mappings/${made.id}`)).status).toBe(200);
    expect((await call('DELETE', `/v1/mappings/${made.id}`)).status).toBe(204);
    expect((await call('GET', `/v1/mappings/${made.id}`)).status).toBe(404);
    const { audit } = (await call('GET', `/v1/audit?resource=${made.id}`)).body as {
      audit: { action: string }[];
    };
    expect(audit.map(({ action }) => action)).toEqual(['mapping.create', 'mapping.update', 'mapping.delete']);
    await api.close();
  });
  test('are used by a migration, whose own mapping wins, and which keeps what it was made with', async () => {
    await send('/v1/mappings', { name: 'usual', mapping });
    const own = { networks: { '*': { network: 'own' } } };
    const { body } = await send('/v1/migrations', { ...wanted(1), named_mapping: 'usual', mapping: own });
    expect(body.migration.spec.mapping).toEqual({
      networks: { '*': { network: 'own' }, 'VM Network': { network: 'dmz' } },
      datastores: {},
      nics: {},
      disks: { 2000: { volume_type: 'fast' } },
    });
    expect(await send('/v1/migrations', { ...wanted(2), named_mapping: 'none' })).toMatchObject({
      status: 404,
      body: { error: { field: 'body.named_mapping' } },
    });
  });
  test('names are taken once; what is no mapping is refused', async () => {
    await send('/v1/mappings', { name: 'usual', mapping });
    expect((await send('/v1/mappings', { name: 'usual', mapping })).status).toBe(409);
    expect((await send('/v1/mappings', { name: 'odd', mapping: { networks: { a: 'b' } } })).status).toBe(400);
  });
});
