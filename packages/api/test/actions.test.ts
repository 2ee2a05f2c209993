import { randomUUID } from 'node:crypto';
import { createLocalBus } from '@guts/bus';
import { routes } from '@guts/contract';
import {
  type ArtifactSide,
  type BusMessage,
  type Lease,
  type NewEvent,
  SILENT_LOG,
  type Store,
  type StoredError,
} from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, createApi, specFromWire } from '../src/index.ts';

const headers = { 'x-auth-token': 't' };
const ID = 'm1';
let store: Store;
let api: Api;
let said: BusMessage[];

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  said = [];
  api = createApi({
    store,
    bus: {
      ...createLocalBus(),
      publish: (message) => {
        said.push(message);
        return Promise.resolve();
      },
    },
    secrets: { seal: () => '', open: () => ({}) },
    token: 't',
    host: '127.0.0.1',
    hostName: 'h',
    port: 0,
    version: '0',
    log: SILENT_LOG,
    clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() },
    newId: randomUUID,
  });
});
afterEach(async () => {
  await api.close();
  await store.close();
});

const event = (resource: NewEvent['resource'], resourceId: string): NewEvent => ({
  projectId: 'local',
  resource,
  resourceId,
  type: 'test',
  severity: 'information',
  message: '',
  data: {},
});

async function queued(onFailure: 'undo' | 'keep' = 'undo'): Promise<void> {
  for (const side of ['source', 'destination'] as const) {
    const endpoint = { id: side, projectId: 'local', side, name: side, driver: 'd', settings: {} };
    await store.createEndpoint({ ...endpoint, sealedSecret: '' }, event(side, side));
  }
  const wanted = { source: 'source', destination: 'destination', instance: 'i' };
  const spec = specFromWire({ ...wanted, policies: { on_failure: onFailure } });
  const ends = { sourceId: 'source', destinationId: 'destination', instanceRef: 'i', instanceName: 'i' };
  const kind = { mode: 'cold', purpose: 'production', priority: 0 } as const;
  const owner = { projectId: 'local', userId: null, planId: null, targetProject: null };
  await store.createMigration(
    { id: ID, name: 'i', ...owner, ...ends, ...kind, spec },
    event('migration', ID),
  );
}

async function running(onFailure?: 'undo' | 'keep'): Promise<Lease> {
  await queued(onFailure);
  await store.reserve(ID, 'w', 60, event('migration', ID));
  const held = await store.acquireLease(ID, 'w', 60);
  if (!held) throw new Error('no lease');
  await store.setPosition(held.lease, 'running', 'copy', 'preflight', event('migration', ID));
  return held.lease;
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
    event('migration', ID),
  );
async function act(action: string): Promise<{ status: number; migration: Record<string, unknown> }> {
  const url = `/v1/migrations/${ID}/actions`;
  const answer = await api.inject({ method: 'POST', url, headers, payload: { action } });
  const body = answer.json();
  if (answer.statusCode === 202) {
    const faults = Value.Errors(routes.migrations.act.answer, body);
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
  }
  return { status: answer.statusCode, migration: body.migration };
}

test('a cancel of one that waits with nothing made ends it', async () => {
  await queued();
  expect(await act('cancel')).toMatchObject({ status: 202, migration: { status: 'cancelled', actions: [] } });
  expect(said).toEqual([{ topic: 'migration.action', id: ID }]);
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
  await store.finishLease(lease, change, event('migration', ID));
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
