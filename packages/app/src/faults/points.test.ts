import { expect, test } from 'vitest';
import { withPoints } from './points.ts';

test('has a point before and after every change, within what runs inside, and around writers', async () => {
  const seen: string[] = [];
  const watch = withPoints({
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
  const watch = withPoints({ at: async (point) => void seen.push(point) });
  const target = watch('source', { powerOff: () => Promise.reject(new Error('no')) });
  await expect(target.powerOff()).rejects.toThrow('no');
  expect(seen).toEqual(['source.powerOff:before']);
});
