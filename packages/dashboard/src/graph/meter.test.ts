import type { Disk } from '@guts/contract';
import { expect, test } from 'vitest';
import type { Moving } from '../live/progress.ts';
import { measured, type Meter, MOST_PIECES, UNREAD } from './meter.ts';

const disk = (key: string, read: number, more: Partial<Disk> = {}): Disk => ({
  key,
  object_id: key,
  label: key,
  capacity_bytes: 1e9,
  bytes_done: 0,
  bytes_total: 1e9,
  bytes_read: read,
  bytes_written: 0,
  bytes_per_second: null,
  eta_seconds: null,
  state: 'copying',
  ...more,
});
/** Looks one after the other: when, and what each disk of `m1` had read. */
function looked(...looks: readonly (readonly [at: number, reads: readonly number[]])[]): Meter {
  return looks.reduce((meter, [at, reads]) => {
    const moving: Moving = new Map([['m1', reads.map((read, index) => disk(`d${index}`, read))]]);
    return measured(meter, moving, at, 20);
  }, UNREAD);
}
const pieces = (meter: Meter) => [...meter.pieces];

test('counts what disks read since they were first seen, by the piece of time', () => {
  expect(pieces(looked([100, [1000]], [105, [1100]], [110, [1150, 7000]], [121, [1160, 7001]]))).toEqual([
    [100, 150],
    [120, 11],
  ]);
});

test('a copy that begins anew counts from 0', () => {
  expect(pieces(looked([100, [1000]], [105, [30]], [106, [40]]))).toEqual([[100, 40]]);
});

test('holes that are skipped and a verification do not move bytes', () => {
  const first = measured(UNREAD, new Map([['m1', [disk('d', 5)]]]), 100, 20);
  const then: Moving = new Map([['m1', [disk('d', 5, { bytes_done: 9e8, bytes_per_second: 1e8 })]]]);
  expect(pieces(measured(first, then, 101, 20))).toEqual([]);
});

test('what does not run any more is forgotten, and a long night is not kept', () => {
  let meter = UNREAD;
  for (let at = 0; at < 10 * MOST_PIECES * 20; at += 20)
    meter = measured(meter, new Map([[`m${Math.floor(at / 100)}`, [disk('d', at)]]]), at, 20);
  expect(meter.read?.size).toBe(1);
  expect(meter.pieces.size).toBe(MOST_PIECES);
  expect([...meter.pieces.keys()].at(-1)).toBe((10 * MOST_PIECES - 1) * 20);
});
