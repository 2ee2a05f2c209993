import { type Clock, type DiskProgress, GutsError, type Store } from '@guts/core';
import { describe, expect, test } from 'vitest';
import { Progress } from './event-progress.ts';

const disk = (migrationId: string, diskKey: string, bytesDone: number): DiskProgress => ({
  migrationId,
  diskKey,
  objectId: diskKey,
  label: diskKey,
  capacityBytes: 100,
  bytesDone,
  bytesTotal: 100,
  bytesRead: 0,
  bytesWritten: 0,
  bytesPerSecond: null,
  etaSeconds: null,
  state: 'copying',
});

function listener() {
  let now = 0;
  let rows: { disk: DiskProgress; at: number }[] = [];
  let fails: Error | null = null;
  const asked: [projectId: string | null, since: number][] = [];
  const store: Pick<Store, 'listMovedDisks'> = {
    listMovedDisks({ projectId }, since) {
      asked.push([projectId, since]);
      if (fails) return Promise.reject(fails);
      return Promise.resolve(rows.filter(({ at }) => at >= since));
    },
  };
  const clock: Pick<Clock, 'monotonic'> = { monotonic: () => now };
  const progress = new Progress({ store: store as Store, clock: clock as Clock }, { projectId: 'p' });
  return {
    asked,
    write: (at: number, ...disks: DiskProgress[]) => {
      const keys = disks.map(({ diskKey }) => diskKey);
      rows = [
        ...rows.filter((row) => !keys.includes(row.disk.diskKey)),
        ...disks.map((one) => ({ disk: one, at })),
      ];
    },
    fail: (error: Error | null) => (fails = error),
    /** By migration: keys of disks with what is done. */
    next: async (only?: string) => {
      now += 1000;
      const moved = await progress.next(only);
      return (
        moved &&
        Object.fromEntries(
          Object.entries(moved.migrations).map(([id, disks]) => [
            id,
            disks.map(({ key, bytes_done: done }) => `${key} ${done}`),
          ]),
        )
      );
    },
    soon: () => progress.next(undefined),
  };
}

describe('how far disks are, for a listener', () => {
  test('is told once, of the disks that moved', async () => {
    const { write, next, asked } = listener();
    write(5, disk('m1', 'a', 1), disk('m2', 'b', 1));
    expect(await next()).toEqual({ m1: ['a 1'], m2: ['b 1'] });
    expect(await next()).toBeNull();
    write(6, disk('m1', 'a', 2));
    expect(await next()).toEqual({ m1: ['a 2'] });
    expect(asked).toEqual([
      ['p', 0],
      ['p', 5],
      ['p', 5],
    ]);
  });

  test('misses nothing that is written in the same millisecond, later', async () => {
    const { write, next } = listener();
    write(5, disk('m1', 'a', 1));
    await next();
    write(5, disk('m1', 'b', 1));
    expect(await next()).toEqual({ m1: ['b 1'] });
    expect(await next()).toBeNull();
  });

  test('may be of one migration', async () => {
    const { write, next } = listener();
    write(5, disk('m1', 'a', 1), disk('m2', 'b', 1));
    expect(await next('m2')).toEqual({ m2: ['b 1'] });
    expect(await next('m3')).toBeNull();
  });

  test('is asked for once a second at most', async () => {
    const { write, next, soon, asked } = listener();
    write(5, disk('m1', 'a', 1));
    await next();
    write(6, disk('m1', 'a', 2));
    expect(await soon()).toBeNull();
    expect(asked).toHaveLength(1);
  });

  test('outlives a database that is away, and nothing else', async () => {
    const { write, next, fail } = listener();
    fail(new GutsError('database_unavailable', 'away'));
    expect(await next()).toBeNull();
    fail(new Error('broken'));
    await expect(next()).rejects.toThrow('broken');
    fail(null);
    write(5, disk('m1', 'a', 1));
    expect(await next()).toEqual({ m1: ['a 1'] });
  });
});
