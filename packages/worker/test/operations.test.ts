import type { Operation, OperationKind } from '@guts/core';
import { beforeEach, expect, test } from 'vitest';
import { runOneOperation } from '../src/operations/run.ts';
import { Rig } from './rig.ts';

let rig: Rig;
const never = new AbortController().signal;

beforeEach(async () => {
  rig = await Rig.open();
});

async function asked(kind: OperationKind): Promise<() => Promise<Operation | null>> {
  const id = `op-${kind}`;
  const operation = { id, projectId: 'p', kind, subjectId: 'source', input: {} };
  await rig.store.createOperation(operation, rig.event(kind));
  return () => rig.store.getOperation(id, { projectId: null });
}
const source = () => rig.store.getEndpoint('source', 'source', { projectId: null });

/** Broken off, as everything is that heeds its signal. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

test('a refresh notes when the source was read, and what it holds', async () => {
  const refresh = await asked('source.refresh');
  expect(await runOneOperation(rig.operationParts(), never)).toBe(true);
  expect(await refresh()).toMatchObject({ status: 'done', result: { objects: 1 } });
  expect(await source()).toMatchObject({ status: 'valid', refreshedAt: expect.any(String) });
  expect(await rig.store.listInventory('source', 'instance', { limit: 10 })).toHaveLength(1);
});

test('a refresh of a destination notes what there is to map to', async () => {
  const id = 'op-refresh';
  const kind = 'destination.refresh' as const;
  const operation = { id, projectId: 'p', kind, subjectId: 'destination', input: {} };
  expect(await rig.store.getFacts('destination')).toBeNull();
  await rig.store.createOperation(operation, rig.event(kind));
  await runOneOperation(rig.operationParts(), never);
  const done = await rig.store.getOperation(id, { projectId: null });
  const facts = await rig.store.getFacts('destination');
  expect(done).toMatchObject({
    status: 'done',
    result: { flavors: facts?.flavors.length, networks: facts?.networks.length },
  });
  expect(facts?.flavors.length).toBeGreaterThan(0);
});

test('a worker that stops hands its operation over, and says nothing of the endpoint', async () => {
  const before = await source();
  const validate = await asked('source.validate');
  const stopping = new AbortController();
  rig.source.validating = (signal) => {
    stopping.abort(new Error('the worker stops'));
    return signal.aborted ? Promise.reject(signal.reason as Error) : untilAborted(signal);
  };
  await runOneOperation(rig.operationParts(), stopping.signal);
  expect(await validate()).toMatchObject({ status: 'queued', workerId: null, error: null });
  expect(await source()).toEqual(before);
  rig.source.validating = () => Promise.resolve({ product: 'Fake', version: '1', findings: [] });
  await runOneOperation({ ...rig.operationParts(), workerId: 'w2' }, never);
  expect(await validate()).toMatchObject({ status: 'done', epoch: 2, workerId: 'w2' });
});

test('who lost an operation writes nothing more of it', async () => {
  const validate = await asked('source.validate');
  rig.source.validating = async (signal) => {
    // It sleeps past its lease; another one takes it then.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await rig.store.claimOperation('w2', 60);
    return untilAborted(signal);
  };
  await runOneOperation({ ...rig.operationParts(), leaseSeconds: 0.03 }, never);
  expect(await validate()).toMatchObject({ status: 'running', workerId: 'w2', epoch: 2 });
  expect((await source())?.status).not.toBe('invalid');
});
