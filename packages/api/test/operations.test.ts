import { routes } from '@guts/contract';
import type { Leftover, Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/index.ts';
import { eventFor, optionsFor, storeWith, TOKEN, workerBeat } from './rig.ts';

const headers = { 'x-auth-token': TOKEN };
let store: Store;
let api: Api;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  for (const side of ['source', 'destination'] as const)
    await store.createEndpoint(
      { id: side, projectId: 'local', side, name: side, driver: 'd', settings: {}, sealedSecret: '' },
      eventFor(side, side),
    );
  api = createApi(optionsFor(store));
});
afterEach(async () => {
  await api.close();
  await store.close();
});

async function call(method: 'GET' | 'POST' | 'PATCH', url: string, payload?: object) {
  const answer = await api.inject({
    method,
    url,
    headers,
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.json() };
}
const reap = (side: string, more: object = {}) =>
  call('POST', `/v1/${side}s/${side}/actions`, { action: 'reap', ...more });

describe('a reap', () => {
  test.for(['source', 'destination'] as const)('of a %s only lists unless told otherwise', async (side) => {
    const made = await reap(side);
    expect(made).toMatchObject({ status: 202, body: { operation: { kind: `${side}.reap` } } });
    const operation = await store.getOperation(made.body.operation.id as string, { projectId: 'local' });
    expect(operation?.input).toEqual({ remove: false, includeUnknown: false, only: [] });
  });
  test('that removes needs a yes, and is audited with what it was told', async () => {
    const refused = await reap('destination', { remove: true, include_unknown: true });
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toMatch(/would delete.*another GUTS/);
    const more = { remove: true, confirm: true, include_unknown: true, only: ['a', 'b'] };
    const made = await reap('destination', more);
    const operation = await store.getOperation(made.body.operation.id as string, { projectId: 'local' });
    expect(operation?.input).toEqual({ remove: true, includeUnknown: true, only: ['a', 'b'] });
    const lines = await store.listAudit({ projectId: 'local' }, { limit: 10 });
    expect(lines).toMatchObject([
      { action: 'destination.reap', resourceId: 'destination', data: { remove: true, only: ['a', 'b'] } },
    ]);
  });
  test("leaves its leftovers in the operation's result, as the contract says", async () => {
    const { id } = (await reap('destination')).body.operation as { id: string };
    const claimed = await store.claimOperation('w', 60);
    if (!claimed) throw new Error('not claimed');
    const leftover: Leftover = {
      kind: 'volume',
      externalId: 'v',
      name: null,
      migrationId: 'm',
      artifactId: 'a',
      owner: 'unknown',
      why: 'its migration is not in this database',
      outcome: 'listed',
      error: null,
    };
    const result = { status: 'done', result: { leftovers: [leftover] } } as const;
    await store.finishOperation(id, claimed.epoch, result, eventFor('operation', id));
    const shown = (await call('GET', `/v1/operations/${id}`)).body.operation as { result: unknown };
    expect(Value.Errors(routes.operations.show.answer, { operation: shown })).toEqual([]);
    expect(shown.result).toMatchObject({ leftovers: [{ external_id: 'v', migration_id: 'm' }] });
  });
  test('is told things that other actions are not', async () => {
    const refused = await call('POST', '/v1/sources/source/actions', { action: 'validate', remove: true });
    expect(refused).toMatchObject({ status: 400, body: { error: { field: 'body.remove' } } });
  });
});

describe('a daemon', () => {
  beforeEach(async () => {
    await store.heartbeat(workerBeat({ scratchBytes: 1000 }));
  });
  const change = (payload: object) => call('PATCH', '/v1/services/w', payload);
  test('is disabled with a reason, drained when told, and enabled again', async () => {
    expect(await change({ disabled: true })).toMatchObject({
      status: 400,
      body: { error: { field: 'body.reason' } },
    });
    expect((await change({ disabled: true, drain: true, reason: 'new disk' })).body.service).toMatchObject({
      disabled: true,
      draining: true,
      disabled_reason: 'new disk',
      slots: 4,
      slots_used: 0,
      scratch_bytes: 1000,
    });
    expect(await store.heartbeat(workerBeat())).toMatchObject({ disabled: true, draining: true });
    expect(await change({ disabled: false, drain: true })).toMatchObject({ status: 400 });
    expect((await change({ disabled: false })).body.service).toMatchObject({
      disabled: false,
      draining: false,
      disabled_reason: null,
    });
    const lines = await store.listAudit({ projectId: 'local' }, { limit: 10 });
    expect(lines).toMatchObject([
      { action: 'service.disable', data: { drain: true, reason: 'new disk' } },
      { action: 'service.enable' },
    ]);
  });
  test('is limited, and told so at its next heartbeat', async () => {
    for (const [payload, field] of [
      [{}, 'body'],
      [{ bytes_per_second_limit: 1000 }, 'body.bytes_per_second_limit'],
      [{ bytes_per_second_limit: 1e6, reason: 'why' }, 'body.reason'],
    ] as const)
      expect(await change(payload)).toMatchObject({ status: 400, body: { error: { field } } });
    const limited = await change({ bytes_per_second_limit: 50 * 2 ** 20 });
    expect(limited.body.service).toMatchObject({ disabled: false, bytes_per_second_limit: 50 * 2 ** 20 });
    expect(await store.heartbeat(workerBeat())).toMatchObject({ bytesPerSecondLimit: 50 * 2 ** 20 });
    const both = await change({ bytes_per_second_limit: null, disabled: true, reason: 'new disk' });
    expect(both.body.service).toMatchObject({ disabled: true, bytes_per_second_limit: null });
    const lines = await store.listAudit({ projectId: 'local' }, { limit: 10 });
    expect(lines).toMatchObject([
      { action: 'service.limit', resourceId: 'w', data: { bytes_per_second_limit: 50 * 2 ** 20 } },
      { action: 'service.limit', data: { bytes_per_second_limit: null } },
      { action: 'service.disable' },
    ]);
  });
  test('is not limited when it copies nothing, or is none', async () => {
    await store.heartbeat(workerBeat({ id: 's', binary: 'guts-scheduler' }));
    const payload = { bytes_per_second_limit: 1e6 };
    expect(await call('PATCH', '/v1/services/s', payload)).toMatchObject({
      status: 409,
      body: { error: { guts_code: 'conflict', remedy: 'Limit a guts-migration.' } },
    });
    expect((await call('PATCH', '/v1/services/nobody', payload)).status).toBe(404);
    expect(await store.listAudit({ projectId: 'local' }, { limit: 10 })).toEqual([]);
  });
  test('is forgotten only once it is dead', async () => {
    const remove = (id: string) => api.inject({ method: 'DELETE', url: `/v1/services/${id}`, headers });
    expect((await remove('w')).json().error).toMatchObject({ guts_code: 'conflict' });
    expect((await remove('nobody')).statusCode).toBe(404);
    const dead = storeWith(store, {
      listServices: async (seconds) =>
        (await store.listServices(seconds)).map((one) => ({ ...one, alive: false })),
    });
    const other = createApi(optionsFor(dead));
    const answer = await other.inject({ method: 'DELETE', url: '/v1/services/w', headers });
    await other.close();
    expect(answer.statusCode).toBe(204);
    expect(await store.listServices(60)).toEqual([]);
    expect(await store.listAudit({ projectId: 'local' }, { limit: 10 })).toMatchObject([
      { action: 'service.forget', resourceId: 'w' },
    ]);
  });
});
