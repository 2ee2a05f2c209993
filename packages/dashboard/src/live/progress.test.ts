import type { Disk } from '@guts/contract';
import { expect, test } from 'vitest';
import { percentOf, progressOf, withDisks, withMoved } from './progress.ts';

const disk = (key: string, more: Partial<Disk> = {}): Disk => ({
  key,
  object_id: key,
  label: key,
  capacity_bytes: 100,
  bytes_done: 0,
  bytes_total: 100,
  bytes_read: 0,
  bytes_written: 0,
  bytes_per_second: null,
  eta_seconds: null,
  state: 'copying',
  ...more,
});

test('disks together are done when the present rate has brought what is left', () => {
  const disks = [
    disk('a', { bytes_done: 100 }),
    disk('b', { bytes_done: 20, bytes_per_second: 16 }),
    disk('c', { state: 'skipped', bytes_total: 1000 }),
  ];
  const progress = progressOf(disks);
  expect(progress).toEqual({ bytesDone: 120, bytesTotal: 200, bytesPerSecond: 16, etaSeconds: 5 });
  expect(percentOf(progress)).toBe(60);
  expect(percentOf(progressOf([]))).toBe(0);
});

test('nothing that moves has neither rate nor end', () => {
  expect(progressOf([disk('a')])).toMatchObject({ bytesPerSecond: null, etaSeconds: null });
});

test('disks that moved replace those that were held, and new ones come behind', () => {
  const [a, b] = [disk('a'), disk('b')];
  const moved = disk('b', { bytes_done: 1 });
  const after = withDisks([a, b], [moved, disk('c')]);
  expect(after.map(({ key, bytes_done: done }) => [key, done])).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 0],
  ]);
  expect(after[0]).toBe(a);
});

test('what moves is kept by migration, until one runs no more', () => {
  const told = withMoved(new Map(), { one: [disk('a'), disk('b')], two: [disk('a')] }, () => true);
  const moved = disk('b', { bytes_done: 7 });
  const after = withMoved(told, { one: [moved], three: [disk('a')] }, (id) => id !== 'two');
  expect([...after.keys()]).toEqual(['one', 'three']);
  expect(after.get('one')).toEqual([disk('a'), moved]);
});
