import { routes } from '@guts/contract';
import { type ArtifactSide, type Lease, type Store, type StoredError, UNKNOWN_DEMAND } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi, specFromWire } from '../src/index.ts';
import { eventFor, leased, optionsFor, TOKEN } from './rig.ts';

const headers = { 'x-auth-token': TOKEN };
const ID = 'm1';
let store: Store;
let api: Api;
let nudges: number;

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  nudges = 0;
  const nudge = (): void => {
    nudges += 1;
  };
  api = createApi(optionsFor(store, { nudge }));
});
afterEach(async () => {
  await api.close();
  await store.close();
});

async function queued(onFailure: 'undo' | 'keep' = 'undo'): Promise<void> {
  for (const side of ['source', 'destination'] as const) {
    const endpoint = { id: side, projectId: 'local', side, name: side, driver: 'd', settings: {} };
    await store.createEndpoint({ ...endpoint, sealedSecret: '' }, eventFor(side, side));
  }
  const wanted = { source: 'source', destination: 'destination', instance: 'i' };
  const spec = specFromWire({ ...wanted, policies: { on_failure: onFailure } });
  const ends = { sourceId: 'source', destinationId: 'destination', instanceRef: 'i', instanceName: 'i' };
  const kind = { mode: 'cold', purpose: 'production', priority: 0 } as const;
  const owner = { projectId: 'local', userId: null, planId: null, targetProject: null };
  await store.createMigration(
    { id: ID, name: 'i', ...owner, ...ends, ...kind, spec, demand: UNKNOWN_DEMAND },
    eventFor('migration', ID),
  );
}

async function running(onFailure?: 'undo' | 'keep'): Promise<Lease> {
  await queued(onFailure);
  const lease = await leased(store, ID, 'w');
  await store.setPosition(lease, 'running', 'copy', 'preflight', eventFor('migration', ID));
  return lease;
}
async function leave(lease: Lease, side: ArtifactSide): Promise<void> {
  const kind = side === 'source' ? 'power_state' : 'volume';
  await store.intendArtifact(lease, { id: `a-${side}`, kind, side, role: side, name: null, data: {} });
}
const ERROR: StoredError = { code: 'source_unreachable', message: 'no way' };
const fail = (lease: Lease, error: StoredError) =>
  store.finishLease(
    lease,
    { status: 'failed', phase: 'undo', reason: 'no way', error },
    eventFor('migration', ID),
  );
interface Answer {
  readonly status: number;
  readonly migration: Record<string, unknown>;
  readonly error: { message: string; details: unknown };
}
async function act(action: string, more: object = {}): Promise<Answer> {
  const url = `/v1/migrations/${ID}/actions`;
  const answer = await api.inject({ method: 'POST', url, headers, payload: { action, ...more } });
  const body = answer.json();
  if (answer.statusCode === 202) {
    const faults = Value.Errors(routes.migrations.act.answer, body);
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
  }
  return { status: answer.statusCode, migration: body.migration, error: body.error };
}

test('a cancel of one that waits with nothing made ends it', async () => {
  await queued();
  expect(await act('cancel')).toMatchObject({
    status: 202,
    migration: { status: 'cancelled', actions: [] },
  });
  expect(nudges).toBe(1);
});

test('a cancel of one that runs asks its worker', async () => {
  const lease = await running();
  const answer = await act('cancel');
  expect(answer.migration).toMatchObject({ status: 'running', cancel_requested: true });
  expect(await store.renewLease(lease)).toEqual({ held: true, cancelRequested: true });
});

test('a cancel of one that waits with something made lets a worker remove it', async () => {
  const lease = await running();
  await leave(lease, 'destination');
  const change = { status: 'queued', phase: null, reason: null, error: null } as const;
  await store.finishLease(lease, change, eventFor('migration', ID));
  expect((await act('cancel')).migration).toMatchObject({ status: 'cancelling', phase: 'undo' });
});

test('a cancel of one that failed lets a worker remove what is left', async () => {
  await fail(await running(), ERROR);
  expect((await act('cancel')).migration).toMatchObject({ status: 'cancelling', phase: 'undo' });
});

test('a retry of one that was put back begins anew, its error gone', async () => {
  await fail(await running(), ERROR);
  expect((await act('retry')).migration).toMatchObject({ status: 'queued', phase: null, error: null });
});

test.for([
  ['residues are named', 'keep', [], { ...ERROR, details: { residues: [{ role: 'volume' }] } }],
  ['the source was not put back', 'keep', ['source'], ERROR],
  ['the target should be gone', 'undo', ['destination'], ERROR],
] as const)('a retry goes on with the undo when %s', async ([, onFailure, sides, error]) => {
  const lease = await running(onFailure);
  for (const side of sides) await leave(lease, side);
  await fail(lease, error);
  expect((await act('retry')).migration).toMatchObject({
    status: 'queued',
    phase: 'undo',
    error: { message: 'no way' },
  });
});

test('a retry goes forward with a target that was kept', async () => {
  const lease = await running('keep');
  await leave(lease, 'destination');
  await fail(lease, ERROR);
  expect((await act('retry')).migration).toMatchObject({ status: 'queued', phase: null });
});

test('of one that is not there nothing can be asked', async () => {
  expect((await act('cancel')).status).toBe(404);
});

async function completed(): Promise<void> {
  const lease = await running();
  await leave(lease, 'destination');
  const end = { status: 'completed', phase: 'cutover', reason: null, error: null } as const;
  await store.finishLease(lease, end, eventFor('migration', ID));
}
/** A worker takes it on its way back, and fails. */
async function failsBack(): Promise<void> {
  const lease = await leased(store, ID, 'w');
  await fail(lease, ERROR);
}

describe('a revert', () => {
  test('without a yes is refused, and says what would be lost', async () => {
    await completed();
    const refused = await act('revert');
    expect(refused.status).toBe(400);
    expect(refused.error.message).toMatch(/source back.*since cutover is lost.*stopped, locked and kept/);
    expect((await act('revert', { target: 'remove' })).error.message).toMatch(/deleted/);
    expect((await store.getMigration(ID, { projectId: 'local' }))?.status).toBe('completed');
  });
  test.for([
    [{}, 'park'],
    [{ target: 'remove' }, 'remove'],
  ] as const)('with a yes and %j lets a worker bring the source back: %s', async ([more, target]) => {
    await completed();
    const answer = await act('revert', { confirm: true, ...more });
    expect(answer).toMatchObject({
      status: 202,
      migration: { status: 'reverting', phase: 'undo', request: { action: 'revert', target }, actions: [] },
    });
    const [line] = (await store.listAudit({ projectId: 'local' }, { limit: 10 })).filter(
      (one) => one.action === 'migration.revert',
    );
    expect(line).toMatchObject({ resourceId: ID, data: { from: 'completed', target } });
  });
  test('that failed is gone on with by a retry; a cancel, which would delete the target, is refused', async () => {
    await completed();
    await act('revert', { confirm: true });
    await failsBack();
    const refused = await act('cancel');
    expect(refused).toMatchObject({
      status: 409,
      error: { details: { status: 'failed', actions: ['retry'] } },
    });
    expect((await act('retry')).migration).toMatchObject({
      status: 'reverting',
      request: { action: 'revert', target: 'park' },
      error: { message: 'no way' },
    });
  });
  test('of what is not completed is refused with what may be asked', async () => {
    await running();
    expect(await act('revert', { confirm: true })).toMatchObject({
      status: 409,
      error: { details: { status: 'running', actions: ['cancel'] } },
    });
  });
});

test('a commit lets a worker end revertability', async () => {
  await completed();
  expect(await act('commit', { confirm: true })).toMatchObject({ status: 400 });
  expect(await act('commit')).toMatchObject({
    status: 202,
    migration: { status: 'committing', request: { action: 'commit' }, actions: [] },
  });
});

test('a retry after a cancel that failed goes on with the cancel', async () => {
  await fail(await running(), ERROR);
  expect((await act('cancel')).migration).toMatchObject({
    status: 'cancelling',
    request: { action: 'cancel' },
  });
  await failsBack();
  expect((await act('retry')).migration).toMatchObject({ status: 'cancelling', phase: 'undo' });
});

test('a retry goes forward when a cancel came too late and all was put back', async () => {
  const lease = await running();
  await act('cancel');
  await fail(lease, ERROR);
  expect((await act('retry')).migration).toMatchObject({
    status: 'queued',
    phase: null,
    cancel_requested: false,
  });
});

test('every action leaves one line of who and what, with its event', async () => {
  await queued();
  await act('cancel');
  const lines = await store.listAudit({ projectId: 'local' }, { limit: 10 });
  expect(lines).toMatchObject([
    { action: 'migration.cancel', resourceId: ID, data: { from: 'queued', status: 'cancelled' } },
  ]);
  expect(lines[0]?.requestId).toMatch(/^req-/);
});
