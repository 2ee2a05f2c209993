import { expect, test } from 'vitest';
import { memoryReader, memoryWriter } from '../../test/memory-disk.ts';
import { noise } from '../../test/support.ts';
import { copyDisk, type DiskReader, type MappedExtent, verifyDisk } from '../index.ts';

const { signal } = new AbortController();
const KIB = 1024;
const retry = { pauses: [0, 0] };
const passing = (): Error => Object.assign(new Error('for a moment'), { retryable: true });

/** A reader whose map breaks off; each time it is asked for, it may tell of the disk in other parts. */
function brokenMap(disk: Uint8Array, maps: readonly (readonly (MappedExtent | Error)[])[]) {
  const asked: number[] = [];
  const reader: DiskReader = {
    ...memoryReader(disk),
    async *extents() {
      const time = asked.push(0) - 1;
      for (const one of maps[time] ?? []) {
        if (one instanceof Error) throw one;
        yield one;
      }
    },
  };
  return { reader, times: () => asked.length };
}
const data = (from: number, to: number): MappedExtent => ({
  offset: from * KIB,
  length: (to - from) * KIB,
  kind: 'data',
});
const zero = (from: number, to: number): MappedExtent => ({ ...data(from, to), kind: 'zero' });

test('a map that breaks off for a passing reason is asked for again, and gone on with', async () => {
  const disk = new Uint8Array(512 * KIB);
  disk.set(noise(100 * KIB), 20 * KIB);
  disk.set(noise(200 * KIB), 300 * KIB);
  const { reader, times } = brokenMap(disk, [
    [passing()],
    [data(0, 120), zero(120, 300), passing()],
    // In other parts than before.
    [data(0, 64), data(64, 120), zero(120, 200), zero(200, 250), passing()],
    [data(0, 120), zero(120, 290), data(290, 500), zero(500, 512)],
  ]);
  const copy = new Uint8Array(disk.length);
  const { writer } = memoryWriter(copy, true);
  const copied = await copyDisk({ source: reader, target: writer, chunkSize: 64 * KIB, retry, signal });
  expect(times()).toBe(4);
  expect(Buffer.compare(copy, disk)).toBe(0);
  expect(copied.bytesRead).toBe(320 * KIB);
  const again = brokenMap(copy, [[data(0, 300), passing()], [data(0, 512)]]);
  const verified = await verifyDisk({ manifest: copied.manifest, reader: again.reader, retry, signal });
  expect(verified).toEqual({ mismatches: [], bytesChecked: disk.length });
});

test('a map that breaks off for good, or at the same place too often, ends the copy', async () => {
  const disk = new Uint8Array(512 * KIB);
  const { writer } = memoryWriter(new Uint8Array(disk.length), true);
  const stubborn = brokenMap(
    disk,
    Array.from({ length: 9 }, () => [data(0, 64), passing()]),
  );
  const job = { target: writer, chunkSize: 64 * KIB, retry, signal };
  await expect(copyDisk({ ...job, source: stubborn.reader })).rejects.toThrow('for a moment');
  expect(stubborn.times()).toBe(3);
  const broken = brokenMap(disk, [[data(0, 64), new Error('for good')]]);
  await expect(copyDisk({ ...job, source: broken.reader })).rejects.toThrow('for good');
  expect(broken.times()).toBe(1);
});

test('a map that goes back is refused also when it was asked for again', async () => {
  const disk = new Uint8Array(512 * KIB);
  const { writer } = memoryWriter(new Uint8Array(disk.length), true);
  const { reader } = brokenMap(disk, [
    [data(0, 200), passing()],
    [data(0, 250), zero(200, 512)],
  ]);
  await expect(copyDisk({ source: reader, target: writer, retry, signal })).rejects.toMatchObject({
    code: 'disk_map_invalid',
  });
});
