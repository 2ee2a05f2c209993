import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryReader, memoryWriter } from '../../test/memory-disk.ts';
import { noise } from '../../test/support.ts';
import { copyDisk, type DiskStream, rangeReader, repairDisk, verifyDisk } from '../index.ts';

const { signal } = new AbortController();
const KIB = 1024;

test('a sample looks at its share of the chunks, the first and the last among them', async () => {
  const disk = noise(200 * 64 * KIB);
  const copy = new Uint8Array(disk.length);
  const { manifest } = await copyDisk({
    source: memoryReader(disk),
    target: memoryWriter(copy, true).writer,
    chunkSize: 64 * KIB,
    signal,
  });
  copy[0] = (copy[0] ?? 0) ^ 1;
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
  const job = { manifest, reader: memoryReader(copy), signal };
  const { mismatches, bytesChecked } = await verifyDisk({ ...job, sample: 0.1 });
  expect(mismatches).toEqual([
    { offset: 0, length: 64 * KIB },
    { offset: 199 * 64 * KIB, length: 64 * KIB },
  ]);
  expect(bytesChecked / disk.length).toBeGreaterThan(0.05);
  expect(bytesChecked / disk.length).toBeLessThan(0.2);
  await expect(verifyDisk({ ...job, sample: 0 })).rejects.toThrow('share');
});

test('what the destination itself calls zero is not read, and differs where the source had data', async () => {
  const disk = new Uint8Array(256 * KIB);
  disk.set(noise(64 * KIB), 64 * KIB);
  const copy = new Uint8Array(disk.length);
  const { manifest } = await copyDisk({
    source: memoryReader(disk),
    target: memoryWriter(copy, true).writer,
    chunkSize: 64 * KIB,
    signal,
  });
  const reads: number[] = [];
  const sparse = (map: readonly { offset: number; length: number }[]) =>
    rangeReader({
      size: copy.length,
      map: () => map,
      async readRange(offset, buffer) {
        reads.push(offset);
        buffer.set(copy.subarray(offset, offset + buffer.length));
      },
    });
  const good = sparse([{ offset: 64 * KIB, length: 64 * KIB }]);
  expect(await verifyDisk({ manifest, reader: good, signal })).toEqual({
    mismatches: [],
    bytesChecked: disk.length,
  });
  expect(reads).toEqual([64 * KIB]);
  expect((await verifyDisk({ manifest, reader: sparse([]), signal })).mismatches).toEqual([
    { offset: 64 * KIB, length: 64 * KIB },
  ]);
});

test('a byte that differs on either side is found, named, and its chunk copied again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(10 * 64 * KIB + 99), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (places, atSource, asStream) => {
        const disk = new Uint8Array(10 * 64 * KIB + 100);
        disk.set(noise(3 * 64 * KIB), 64 * KIB);
        disk.set(noise(64 * KIB + 5), 5 * 64 * KIB + 3);
        const copy = new Uint8Array(disk.length);
        const job = { chunkSize: 64 * KIB, signal };
        const { manifest } = await copyDisk({
          ...job,
          source: memoryReader(disk),
          target: memoryWriter(copy, true).writer,
          checkpointBytes: 128 * KIB,
          onCheckpoint: () => undefined,
        });
        const hit = atSource ? disk : copy;
        for (const place of places) hit[place] = (hit[place] ?? 0) ^ 0x55;
        const chunks = [...new Set(places.map((place) => Math.floor(place / (64 * KIB))))];
        const { mismatches } = await verifyDisk({ manifest, reader: memoryReader(hit), signal });
        for (const chunk of chunks)
          expect(
            mismatches.some(
              ({ offset, length }) => offset <= chunk * 64 * KIB && chunk * 64 * KIB < offset + length,
            ),
          ).toBe(true);
        expect(mismatches.reduce((sum, { length }) => sum + Math.ceil(length / (64 * KIB)), 0)).toBe(
          chunks.length,
        );
        const stream: DiskStream = {
          kind: 'stream',
          size: disk.length,
          capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
          async *chunks() {
            for (let at = 0; at < disk.length; at += 50_000)
              yield { offset: at, data: disk.slice(at, at + 50_000) };
          },
          async close() {},
        };
        const { writer, calls } = memoryWriter(copy, true);
        const { changed } = await repairDisk({
          manifest,
          signal,
          source: asStream ? stream : memoryReader(disk),
          target: writer,
          extents: mismatches,
        });
        expect(Buffer.compare(copy, disk)).toBe(0);
        expect(calls.at(-1)).toBe('flush');
        const pieces = manifest.pieces.map(
          (piece) => changed.find((one) => one.firstChunk === piece.firstChunk) ?? piece,
        );
        expect(changed.length > 0).toBe(atSource);
        const after = { ...manifest, pieces };
        for (const reader of [memoryReader(copy), memoryReader(disk)])
          expect((await verifyDisk({ manifest: after, reader, signal })).mismatches).toEqual([]);
        expect(
          await verifyDisk({ manifest: after, reader: memoryReader(copy), signal, only: mismatches }),
        ).toEqual({
          mismatches: [],
          bytesChecked: mismatches.reduce((sum, { length }) => sum + length, 0),
        });
      },
    ),
    { numRuns: 40 },
  );
});
