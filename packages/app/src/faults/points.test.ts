import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pointsFrom, withPoints } from './points.ts';

test('has a point before and after every change, within what runs inside, and around writers', async () => {
  const seen: string[] = [];
  const { watch } = withPoints({
    at: (point) => {
      seen.push(point);
      return Promise.resolve();
    },
  });
  const store = watch('store', {
    listThings: () => Promise.resolve([1]),
    round: (decide: () => number) => Promise.resolve(decide()),
    finish: (_lease: object, _event: object) => Promise.resolve(),
    brandNew: (_kind: string) => Promise.resolve({ flush: () => Promise.resolve(), size: 3 }),
  });
  expect(await store.listThings()).toEqual([1]);
  expect(seen).toEqual([]);
  expect(await store.round(() => 7)).toBe(7);
  expect(seen.splice(0)).toEqual(['store.round:before', 'store.round:within', 'store.round:after']);
  const event = { severity: 'error', resourceId: 'm', type: 'step.done', data: { step: 'transfer' } };
  await store.finish({}, event);
  expect(seen.splice(0)).toEqual([
    'store.finish[step.done transfer]:before',
    'store.finish[step.done transfer]:after',
  ]);
  const writer = await store.brandNew('volume');
  expect(writer.size).toBe(3);
  await writer.flush();
  expect(seen).toEqual([
    'store.brandNew[volume]:before',
    'store.brandNew[volume]:after',
    'store.brandNew.flush:before',
    'store.brandNew.flush:after',
  ]);
});

test('a call that fails has no point after it', async () => {
  const seen: string[] = [];
  const { watch } = withPoints({ at: async (point) => void seen.push(point) });
  const target = watch('source', { powerOff: () => Promise.reject(new Error('no')) });
  await expect(target.powerOff()).rejects.toThrow('no');
  expect(seen).toEqual(['source.powerOff:before']);
});

test('has points around every request that changes something, which stand for those of its call', async () => {
  const seen: string[] = [];
  const requested: string[] = [];
  const { watch, aroundCall, aroundRequest } = withPoints({
    at: async (point) => void seen.push(point),
    byRequests: (call) => requested.push(call),
  });
  const ask = (method: 'GET' | 'POST'): Promise<string> =>
    aroundRequest({ service: 'volume', method, path: '/volumes', json: {} }, async () => 'made');
  const cloud = watch('destination', {
    create: (_kind: string) => ask('POST'),
    look: () => ask('GET'),
    stop: () => aroundCall('ShutdownGuest', [], () => Promise.reject(new Error('no tools'))),
  });
  expect(await Promise.all([cloud.create('volume'), cloud.look()])).toEqual(['made', 'made']);
  expect(requested.splice(0)).toEqual(['destination.create[volume]']);
  expect(seen.splice(0).filter((point) => point.startsWith('http.'))).toEqual([
    'http.volume.POST /volumes:before',
    'http.volume.POST /volumes:after',
  ]);
  await expect(cloud.stop()).rejects.toThrow('no tools');
  expect(requested).toEqual(['destination.stop']);
  expect(seen).toEqual(['destination.stop:before', 'soap.ShutdownGuest:before']);
});

test('from the environment: tells what is passed, and asks at every point of which one can be stopped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'points-'));
  const trace = join(folder, 'trace');
  const asked: string[] = [];
  const fetcher = (async (_url: string, { body }: { body: string }) => {
    asked.push((JSON.parse(body) as { point: string }).point);
  }) as unknown as typeof fetch;
  try {
    const env = { GUTS_POINTS_TRACE: trace, GUTS_POINT_AT: '*', GUTS_POINT_URL: 'http://127.0.0.1/' };
    const points = pointsFrom(env, fetcher);
    if (!points) throw new Error('there are no points');
    const round = (decide: () => number): Promise<number> =>
      points.aroundCall('PowerOnVM_Task', [], async () => decide());
    expect(await points.watch('store', { round }).round(() => 7)).toBe(7);
    expect(asked).toEqual([
      'store.round:before',
      'soap.PowerOnVM_Task:before',
      'soap.PowerOnVM_Task:after',
      'store.round:after',
    ]);
    expect(readFileSync(trace, 'utf8').split('\n')).toEqual([
      'store.round:before',
      'soap.PowerOnVM_Task:before',
      'store.round:within',
      'soap.PowerOnVM_Task:after',
      '= store.round',
      'store.round:after',
      '',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without being asked for there are none', () => {
  expect(pointsFrom({})).toBeUndefined();
});
