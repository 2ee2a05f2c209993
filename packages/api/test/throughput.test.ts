import { routes } from '@guts/contract';
import type { Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, createApi, specFromWire } from '../src/index.ts';
import { endedPass, eventFor, leased, optionsFor, putEnds, storeWith, TOKEN } from './rig.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const HOUR = 3_600_000;

let store: Store;
let api: Api;
let asked: Parameters<Store['listThroughput']>[] = [];
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  await putEnds(store);
  asked = [];
  const listThroughput: Store['listThroughput'] = (...given) => {
    asked.push(given);
    return store.listThroughput(...given);
  };
  const clock = { now: () => NOW, monotonic: () => 0, sleep: () => Promise.resolve() };
  api = createApi(optionsFor(storeWith(store, { listThroughput }), { clock }));
});
afterEach(async () => {
  await api.close();
  await store.close();
});

async function get(search: string) {
  const url = `/v1/throughput${search}`;
  const answer = await api.inject({ method: 'GET', url, headers: { 'x-auth-token': TOKEN } });
  const body = answer.json();
  expect(answer.statusCode === 200 ? Value.Errors(routes.throughput.answer, body) : []).toEqual([]);
  return { status: answer.statusCode, body };
}
async function migration(id: string): Promise<void> {
  await store.createMigration(
    {
      id,
      projectId: 'local',
      userId: null,
      planId: null,
      name: id,
      sourceId: 's1',
      destinationId: 'd1',
      instanceRef: `vm-${id}`,
      instanceName: id,
      targetProject: null,
      mode: 'cold',
      purpose: 'production',
      priority: 0,
      spec: specFromWire({ source: 's1', destination: 'd1', instance: 'i' }),
      demand: { host: null, datastores: [], streams: 1, bytes: 1, scratchBytes: 0 },
    },
    eventFor('migration', id),
  );
}

test('the last 8 hours, unless another range is asked for', async () => {
  const { body } = await get('');
  expect(body.throughput).toEqual({
    since: '2026-03-01T04:00:00.000Z',
    until: '2026-03-01T12:00:00.000Z',
    seconds: 80,
    points: [],
  });
  expect(asked[0]).toEqual([{ projectId: 'local' }, { since: NOW - 8 * HOUR, until: NOW, pieceMs: 80_000 }]);
});

test.each([
  [1, 20],
  [2.5, 40],
  [8, 80],
  [24, 220],
  [7 * 24, 1520],
])('of %s hours about 400 pieces are told at most: each of %s seconds', async (hours, seconds) => {
  const { body } = await get(`?since=${new Date(NOW - hours * HOUR).toISOString()}`);
  const { since, until } = body.throughput as { since: string; until: string };
  expect(body.throughput.seconds).toBe(seconds);
  expect((Date.parse(until) - Date.parse(since)) / seconds / 1000).toBeLessThan(401.5);
  expect(Date.parse(since) % (seconds * 1000)).toBe(0);
  expect(Date.parse(since)).toBeLessThanOrEqual(NOW - hours * HOUR);
});

test('what lies before the week that is kept makes no piece longer', async () => {
  const { body } = await get('?since=0001-01-01T00:00:00Z');
  expect(body.throughput).toMatchObject({ since: '2026-02-22T11:44:00.000Z', seconds: 1520 });
  const { throughput } = (await get('?since=0001-01-01T00:00:00Z&until=0002-01-01T00:00:00Z')).body;
  expect(throughput).toMatchObject({ since: '1970-01-01T00:00:00.000Z', points: [] });
});

test('a migration is told from its start on, and what its copies read', async () => {
  await migration('m1');
  await migration('m2');
  const lease = await leased(store, 'm1', 'w1');
  await endedPass(store, lease, 'Hard disk 1');
  const [disk] = await store.listDisks('m1');
  if (!disk) throw new Error('no disk');
  await store.putDisks(lease, [{ ...disk, bytesRead: 5000 }]);
  const until = `&until=${new Date(Date.now() + 60_000).toISOString()}`;
  const { body } = await get(`?migration=m1${until}`);
  const { startedAt } = (await store.getMigration('m1', { projectId: 'local' })) ?? {};
  const { since, points } = body.throughput as { since: string; points: { at: string; bytes: number }[] };
  expect(Date.parse(startedAt ?? '') - Date.parse(since)).toBeLessThan(20_000);
  expect(points.map(({ bytes }) => bytes)).toEqual([5000]);
  expect((await get(`?migration=m2${until}`)).body.throughput.points).toEqual([]);
});

test.each([
  ['?migration=m9', 404, /no migration m9/],
  ['?since=2026-03-02T00:00:00Z', 400, /ends before it begins/],
  ['?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', 400, /ends before it begins/],
  ['?since=yesterday', 400, /since/],
])('%s is refused', async (search, status, message) => {
  const answer = await get(search);
  expect(answer.status).toBe(status);
  expect(answer.body.error.message).toMatch(message);
});
