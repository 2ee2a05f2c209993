import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collect } from '../../test/support.ts';
import { runReader } from './run-reader.ts';
import { concatenated, RunList, type PackedRun, type RunSource } from './runs.ts';
import { SharedCache } from './shared-cache.ts';
import { takeRanges } from './taken-ranges.ts';

const { signal } = new AbortController();
const UNIT = 64 * 1024;

/** A disk of compressed units, each filled with its number, which counts what is unpacked and how many at once. */
function packedDisk(units: number, unpackOne: (unit: number) => Promise<void> = async () => turn()) {
  const seen = { unpacked: [] as number[], now: 0, most: 0 };
  const runOf = (offset: number, end: number): PackedRun => {
    const unit = Math.floor(offset / UNIT);
    return {
      kind: 'packed',
      length: Math.min(end, (unit + 1) * UNIT) - offset,
      key: String(unit),
      skip: offset - unit * UNIT,
      unitLength: UNIT,
      unpack: async () => {
        seen.unpacked.push(unit);
        seen.now += 1;
        seen.most = Math.max(seen.most, seen.now);
        try {
          await unpackOne(unit);
          return new Uint8Array(UNIT).fill(unit);
        } finally {
          seen.now -= 1;
        }
      },
    };
  };
  const source: RunSource = {
    size: units * UNIT,
    locate: async (offset, length) => {
      const runs: PackedRun[] = [];
      for (let at = offset; at < offset + length; at += runs.at(-1)?.length ?? 0)
        runs.push(runOf(at, offset + length));
      return runs;
    },
  };
  return { seen, reader: runReader(source, () => Promise.resolve()) };
}

test('small reads of one unit unpack it once; whole units pass the cache by', async () => {
  const { seen, reader } = packedDisk(4);
  const piece = new Uint8Array(512);
  await Promise.all([0, 512, 1024].map((at) => reader.read(at, new Uint8Array(512), signal)));
  await reader.read(UNIT - 256, piece, signal);
  expect([piece[255], piece[256]]).toEqual([0, 1]);
  expect(seen.unpacked).toEqual([0, 1]);
  await reader.read(2 * UNIT, new Uint8Array(UNIT), signal);
  await reader.read(2 * UNIT, new Uint8Array(UNIT), signal);
  expect(seen.unpacked).toEqual([0, 1, 2, 2]);
  await reader.read(0, new Uint8Array(UNIT), signal);
  expect(seen.unpacked).toEqual([0, 1, 2, 2]);
});

test('however much is asked for, only so many units are unpacked at once', async () => {
  const { seen, reader } = packedDisk(100);
  const disk = new Uint8Array(reader.size);
  await Promise.all([
    reader.read(0, disk.subarray(0, 60 * UNIT), signal),
    reader.read(60 * UNIT, disk.subarray(60 * UNIT), signal),
  ]);
  expect(disk.every((byte, at) => byte === Math.floor(at / UNIT))).toBe(true);
  expect(seen.most).toBe(16);
});

test('a read that fails is over only when nothing writes to its buffer any more, and leaves room for others', async () => {
  const { seen, reader } = packedDisk(40, async (unit) => {
    if (unit === 3) throw new Error('unit 3 is bad');
    for (let turns = unit; turns > 0; turns -= 1) await turn();
  });
  for (let round = 0; round < 3; round += 1) {
    await expect(reader.read(0, new Uint8Array(30 * UNIT), signal)).rejects.toThrow('unit 3 is bad');
    expect(seen.now).toBe(0);
    await expect(reader.read(3 * UNIT + 5, new Uint8Array(5), signal)).rejects.toThrow('unit 3 is bad');
  }
  await reader.read(10 * UNIT, new Uint8Array(30 * UNIT), signal);
});

test('whoever gives up waiting for a unit does not take it from those who wait on', async () => {
  let finish: () => void = () => undefined;
  const { seen, reader } = packedDisk(1, () => new Promise((resolve) => (finish = resolve)));
  const impatient = new AbortController();
  const piece = new Uint8Array(8).fill(9);
  const leaving = reader.read(0, new Uint8Array(8), impatient.signal);
  const staying = reader.read(8, piece, signal);
  await turn();
  impatient.abort(new Error('enough'));
  await expect(leaving).rejects.toThrow('enough');
  finish();
  await staying;
  expect([...piece]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(seen.unpacked).toEqual([0]);
});

test('a cache keeps what was used last up to its weight, and always the newest', async () => {
  const cache = new SharedCache<string>(10);
  const get = (key: string, weight: number) => cache.get(key, weight, async () => key.toUpperCase(), signal);
  expect(await get('a', 4)).toBe('A');
  await get('b', 4);
  await get('a', 4);
  await get('c', 4);
  expect([cache.peek('a'), cache.peek('b'), cache.peek('c'), cache.weight]).toEqual(['A', undefined, 'C', 8]);
  await get('d', 99);
  expect([cache.peek('a'), cache.peek('c'), cache.peek('d'), cache.weight]).toEqual([
    undefined,
    undefined,
    'D',
    99,
  ]);
  await expect(cache.get('e', 1, () => Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(await get('e', 1)).toBe('E');
  expect(cache.weight).toBe(1);
});

test('runs that go on from each other are one, and sources one after the other one disk', async () => {
  const file = {
    name: 'f',
    identity: 'f',
    size: 1000,
    read: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const list = new RunList();
  list.zero(1);
  list.zero(2);
  list.stored(file, 100, 10);
  list.stored(file, 110, 5);
  list.stored(file, 300, 5);
  list.zero(4);
  list.stored(file, 305, 1);
  expect(list.runs.map(({ kind, length }) => [kind, length])).toEqual([
    ['zero', 3],
    ['stored', 15],
    ['stored', 5],
    ['zero', 4],
    ['stored', 1],
  ]);
  const zeros: RunSource = { size: 100, locate: async (_offset, length) => [{ kind: 'zero', length }] };
  const data: RunSource = {
    size: 50,
    locate: async (offset, length) => [{ kind: 'stored', length, file, position: offset }],
  };
  const whole = concatenated([zeros, data, data, zeros]);
  const reader = runReader(whole, () => Promise.resolve());
  expect(await collect(reader.extents(signal))).toEqual([
    { offset: 0, length: 100, kind: 'zero' },
    { offset: 100, length: 100, kind: 'data' },
    { offset: 200, length: 100, kind: 'zero' },
  ]);
  expect(await whole.locate(149, 100, signal)).toMatchObject([{ length: 1, position: 49 }]);
  expect(await whole.locate(150, 100, signal)).toMatchObject([{ length: 50, position: 0 }]);
});

test('places that are taken are found to their last byte, and none is taken twice', () => {
  const header = { position: 0, length: 10, what: 'the header' };
  const taken = takeRanges([header], Float64Array.of(30, 10, 50), 10, 'a table');
  expect([0, 9, 19, 20, 21, 29, 30, 39, 40, 49, 59, 60].filter((at) => taken.overlaps(at, 1))).toEqual([
    0, 9, 19, 30, 39, 59,
  ]);
  expect(taken.overlaps(20, 10)).toBe(false);
  expect(taken.overlaps(20, 11)).toBe(true);
  expect(() => takeRanges([header], Float64Array.of(9), 10, 'a table')).toThrow(
    'a table overlaps the header',
  );
  expect(() => takeRanges([], Float64Array.of(5, 14), 10, 'a table')).toThrow('a table overlaps a table');
});
