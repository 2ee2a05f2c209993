import { setTimeout as wait } from 'node:timers/promises';
import { routes } from '@guts/contract';
import { type BusHealth, type Clock, GutsError, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApi } from '../src/index.ts';
import { CONNECTED, eventFor, optionsFor, storeWith, TOKEN, workerBeat } from './rig.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
});
afterEach(() => store.close());

const AWAY: BusHealth = { ...CONNECTED, connected: false, detail: 'connection refused' };
const gone = () => Promise.reject(new GutsError('database_unavailable', 'the database does not answer'));

async function ask(
  url: string,
  given: {
    readonly changed?: Partial<Store>;
    readonly bus?: BusHealth;
    readonly dead?: number | null;
    readonly method?: 'POST';
  } = {},
) {
  const { changed = {}, bus = CONNECTED, dead = 0, method = 'GET' } = given;
  const parts = { health: () => bus, deadLetters: () => Promise.resolve(dead) };
  const api = createApi(optionsFor(storeWith(store, changed), { bus: parts }));
  const answer = await api.inject({ method, url, headers: { 'x-auth-token': TOKEN } });
  await api.close();
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

describe('the health check', () => {
  test('is 200 while it serves, also without the bus', async () => {
    const healthy = { status: 'ok', version: '0', database: 'ok', bus: 'ok' };
    expect(await ask('/healthcheck')).toMatchObject({ status: 200, body: healthy });
    const lonely = { ...healthy, status: 'degraded', bus: 'disconnected' };
    expect(await ask('/healthcheck', { bus: AWAY })).toMatchObject({ status: 200, body: lonely });
  });
  test.for([
    [() => Promise.resolve({ current: false, pending: ['2'], ahead: [] }), 'outdated'],
    [() => Promise.reject(new Error('connection lost to db.internal')), 'unreachable'],
  ] as const)('is 503 with a database that is not ready', async ([check, database]) => {
    const answer = await ask('/healthcheck', { changed: { check } });
    expect(answer.status).toBe(503);
    expect(answer.body).toEqual({ status: 'unavailable', version: '0', database, bus: 'ok' });
  });
});

describe('the health report', () => {
  const report = async (bus: BusHealth = CONNECTED, dead: number | null = 0) => {
    const answer = await ask('/v1/health', { bus, dead });
    expect(answer.status).toBe(200);
    expect(Value.Errors(routes.healthReport.answer, answer.body)).toEqual([]);
    return answer.body as { status: string; problems: { message: string; remedy: string }[] };
  };
  test('names the daemons that are missing', async () => {
    const { status, problems } = await report();
    expect(status).toBe('degraded');
    expect(problems.map((one) => one.message)).toEqual([
      expect.stringMatching(/no guts-scheduler/),
      expect.stringMatching(/no guts-migration/),
    ]);
  });
  test('is ok when all is there; counts daemons and work', async () => {
    await store.heartbeat(workerBeat());
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    expect(await report()).toMatchObject({
      status: 'ok',
      problems: [],
      database: { pending: [], ahead: [] },
      bus: { kind: 'rabbitmq', connected: true, outbox_pending: 0, outbox_oldest_seconds: null },
      services: [
        { binary: 'guts-api', alive: 0 },
        { binary: 'guts-scheduler', alive: 1 },
        { binary: 'guts-migration', alive: 1, dead: 0, disabled: 0 },
      ],
      migrations: { queued: 0, running: 0, committed: 0 },
      operations: { queued: 0 },
    });
    const lonely = await report(AWAY);
    expect(lonely.status).toBe('degraded');
    expect(lonely.problems).toMatchObject([{ message: expect.stringMatching(/away.*connection refused/) }]);
  });
  test('says that all workers are disabled', async () => {
    await store.heartbeat(workerBeat());
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    await store.setServiceDisabled('w', { disabled: true, draining: false, reason: 'repair' });
    expect((await report()).problems).toMatchObject([{ message: expect.stringMatching(/disabled/) }]);
  });
  test('misses no worker that ended and left its limit', async () => {
    await store.heartbeat(workerBeat());
    await store.heartbeat(workerBeat({ id: 'w2', host: 'h2' }));
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    await store.setServiceLimit('w', 1e6);
    await store.endService('w');
    expect((await report()).problems).toEqual([]);
  });
  test('counts dead letters, and says what to do with them', async () => {
    await store.heartbeat(workerBeat());
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    const { status, problems } = await report(CONNECTED, 3);
    expect(status).toBe('degraded');
    expect(problems).toMatchObject([
      {
        message: "3 messages could not be handled and lie in the broker's queue guts.dead",
        remedy: expect.stringMatching(/logs.*rabbitmqctl purge_queue -p VHOST guts\.dead$/),
      },
    ]);
    expect((await report({ ...CONNECTED, kind: 'in-process' }, 1)).problems).toMatchObject([
      {
        message: `1 message could not be handled since ${CONNECTED.since}`,
        remedy: expect.stringMatching(/logs.*started again/),
      },
    ]);
    // The broker does not tell: that it is away is another problem.
    expect(await report(CONNECTED, null)).toMatchObject({ status: 'ok', problems: [] });
  });
  test('does not miss a worker that was disabled and stopped', async () => {
    for (const [id, host] of [
      ['w1', 'h1'],
      ['w2', 'h2'],
    ] as const)
      await store.heartbeat(workerBeat({ id, host }));
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    await store.setServiceDisabled('w1', { disabled: true, draining: false, reason: 'repair' });
    await store.endService('w1');
    expect(await report()).toMatchObject({ status: 'ok', problems: [] });
  });
});

test('without the database requests are answered 503 with what to do and when to ask again', async () => {
  const answer = await ask('/v1/services', { changed: { listServices: gone } });
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(answer.body.error).toMatchObject({ guts_code: 'database_unavailable' });
  expect(answer.body.error.remedy).toMatch(/Ask again/);
  const health = await ask('/v1/health', { changed: { check: gone } });
  expect(health).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
});

test('a database that is away when the API starts does not end it', async () => {
  const api = createApi(optionsFor(storeWith(store, { heartbeat: gone })));
  const address = await api.listen();
  expect((await fetch(`${address}/healthcheck`)).status).toBe(200);
  await api.close();
});

test('an event stream outlives a database that is away for a while', async () => {
  let asked = 0;
  const listEvents: Store['listEvents'] = (scope, query) => {
    asked += 1;
    return asked < 3 ? gone() : store.listEvents(scope, query);
  };
  await store.createEndpoint(
    { id: 's', projectId: 'local', side: 'source', name: 's', driver: 'd', settings: {}, sealedSecret: '' },
    eventFor('source', 's'),
  );
  const clock: Clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (_long, signal) => wait(1, undefined, signal ? { signal } : {}),
  };
  const api = createApi(optionsFor(storeWith(store, { listEvents }), { clock }));
  const address = await api.listen();
  const stop = new AbortController();
  const answer = await fetch(`${address}/v1/events/stream?after=0`, {
    headers: { 'x-auth-token': TOKEN },
    signal: stop.signal,
  });
  let text = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('data: ')) break;
  }
  stop.abort();
  await api.close();
  expect(asked).toBeGreaterThanOrEqual(3);
});
