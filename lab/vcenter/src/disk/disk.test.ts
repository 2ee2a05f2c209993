import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { areasWhere } from './blocks.ts';
import { BLOCK, Disk } from './disk.ts';
import { fill, patternBytes } from './fill.ts';
import { streamVmdk } from './stream-vmdk.ts';
import { changedSince, Tracking } from './tracking.ts';

let dir: string;
let n = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fake-vcenter-disk-'));
});
afterAll(async () => rm(dir, { recursive: true }));
const path = (): string => join(dir, `d${(n += 1)}.raw`);

const SIZE = 5 * BLOCK + 512;
const writes = fc.array(
  fc.record({ offset: fc.nat(SIZE - 1), length: fc.integer({ min: 1, max: 2 * BLOCK }), byte: fc.nat(255) }),
  { maxLength: 6 },
);
const cut = (w: { offset: number; length: number; byte: number }): { offset: number; bytes: Buffer } => ({
  offset: w.offset,
  bytes: Buffer.alloc(Math.min(w.length, SIZE - w.offset), w.byte),
});

test('every frozen view keeps the bytes of its moment, whatever is written and thawed after', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { minLength: 1, maxLength: 4 }), async (rounds) => {
      const disk = await Disk.create(path(), SIZE);
      const views = [];
      for (const round of rounds) {
        for (const w of round.map(cut)) await disk.write(w.offset, w.bytes);
        views.push({ view: await disk.freeze(path()), bytes: await disk.read(0, SIZE) });
      }
      const odd = views.filter((_, i) => i % 2 === 1);
      for (const { view } of odd) await disk.thaw(view);
      for (const { view, bytes } of views.filter((v) => !odd.includes(v))) {
        expect((await view.read(0, SIZE)).equals(bytes)).toBe(true);
      }
      await disk.close();
    }),
    { numRuns: 25 },
  );
});

test('what differs between two moments lies inside the areas that tracking names', async () => {
  await fc.assert(
    fc.asyncProperty(writes, writes, writes, async (before, between, after) => {
      const disk = await Disk.create(path(), SIZE);
      const tracking = new Tracking();
      const apply = async (list: typeof before): Promise<void> => {
        for (const w of list.map(cut)) {
          tracking.written(w.offset, w.bytes.length);
          await disk.write(w.offset, w.bytes);
        }
      };
      await apply(before);
      const { changeId } = tracking.cut();
      const old = await disk.read(0, SIZE);
      await apply(between);
      const moment = tracking.cut();
      const now = await disk.read(0, SIZE);
      await apply(after);
      const areas = changedSince(moment, changeId, SIZE, 0) ?? [];
      for (const { start, length } of areas) now.copy(old, start, start, start + length);
      expect(old.equals(now)).toBe(true);
      const touched = new Set(between.map(cut).flatMap((w) => blocksOf(w.offset, w.bytes.length)));
      expect(new Set(areas.flatMap((a) => blocksOf(a.start, a.length)))).toEqual(touched);
      await disk.close();
    }),
    { numRuns: 25 },
  );
});

function blocksOf(offset: number, length: number): number[] {
  const first = Math.floor(offset / BLOCK);
  return Array.from({ length: Math.floor((offset + length - 1) / BLOCK) - first + 1 }, (_, i) => first + i);
}

test('an id of another tracking, or of the future, names nothing', () => {
  const tracking = new Tracking();
  const moment = tracking.cut();
  expect(changedSince(moment, new Tracking().changeId, SIZE, 0)).toBeUndefined();
  tracking.cut();
  expect(changedSince(moment, tracking.changeId, SIZE, 0)).toBeUndefined();
  expect(changedSince(moment, 'nonsense', SIZE, 0)).toBeUndefined();
  expect(changedSince(moment, moment.changeId, SIZE, 0)).toEqual([]);
});

test('areas are sorted, disjoint and cover just the blocks asked for', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(40)),
      fc.integer({ min: 1, max: 4000 }),
      fc.nat(4000),
      (blocks, size, from) => {
        const on = new Set(blocks);
        const areas = areasWhere((b) => on.has(b), 100, size, from);
        const bytes = new Set<number>();
        let end = -1;
        for (const { start, length } of areas) {
          expect(start).toBeGreaterThan(end);
          end = start + length;
          for (let i = start; i < end; i += 1) bytes.add(i);
        }
        for (let i = 0; i < size; i += 1) expect(bytes.has(i)).toBe(i >= from && on.has(Math.floor(i / 100)));
        expect(end).toBeLessThanOrEqual(size);
      },
    ),
    { numRuns: 50 },
  );
});

test('the pattern is the same whichever part of it is asked for', () => {
  const whole = patternBytes(5, 0, 40_960);
  fc.assert(
    fc.property(fc.nat(40_000), fc.integer({ min: 1, max: 960 }), (offset, length) => {
      const part = patternBytes(5, offset, length);
      expect(part.equals(whole.subarray(offset, offset + length))).toBe(true);
    }),
  );
});

test('the stream follows its own tables: footer, grain directory, grain tables, grains', async () => {
  const size = 70 * 1024 * 1024 + 512;
  const disk = await Disk.create(path(), size);
  await fill(disk, {
    pattern: 9,
    dataExtents: [
      { offset: 65_536 * 3, length: 100 },
      { offset: 40 * 1024 * 1024 + 5, length: 200_000 },
      { offset: size - 700, length: 700 },
    ],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of streamVmdk(disk, { level: 1, name: 'x.vmdk' })) chunks.push(chunk);
  const file = Buffer.concat(chunks);
  expect(file.length % 512).toBe(0);
  const footer = file.subarray(file.length - 1024, file.length - 512);
  expect(footer.toString('latin1', 0, 4)).toBe('KDMV');
  const directory = Number(footer.readBigUInt64LE(56)) * 512;
  const out = Buffer.alloc(Math.ceil(size / 65_536) * 65_536);
  let found = 0;
  for (let table = 0; table < 3; table += 1) {
    const at = file.readUInt32LE(directory + table * 4) * 512;
    if (at === 0) continue;
    for (let entry = 0; entry < 512; entry += 1) {
      const grain = file.readUInt32LE(at + entry * 4) * 512;
      if (grain === 0) continue;
      found += 1;
      expect(Number(file.readBigUInt64LE(grain))).toBe((table * 512 + entry) * 128);
      const packed = file.subarray(grain + 12, grain + 12 + file.readUInt32LE(grain + 8));
      inflateSync(packed).copy(out, (table * 512 + entry) * 65_536);
    }
  }
  expect(found).toBe(1 + 4 + 2);
  expect(out.subarray(0, size).equals(await disk.read(0, size))).toBe(true);
  await disk.close();
});
