import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyDisk,
  CopyMemory,
  CopyRate,
  type DigestPiece,
  digestRuns,
  type DiskStream,
  type DiskWriter,
  rangeReader,
  verifyDisk,
} from '../index.ts';
import { memoryReader, memoryWriter } from '../../test/memory-disk.ts';
import { noise } from '../../test/support.ts';

const { signal } = new AbortController();
const KIB = 1024;
const KEY = '000102030405060708090a0b0c0d0e0f';
const depthOf = (most: number) => ({ first: most, most });

/** Indexes of the chunks that have a digest. */
const dataChunks = (pieces: readonly DigestPiece[]): number[] =>
  pieces
    .flatMap(digestRuns)
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at));

test('copies a disk with zeros to a target that must be told of them, and verifies it', async () => {
  const disk = new Uint8Array(300 * KIB + 7);
  disk.set(noise(70 * KIB), 130 * KIB);
  const copy = new Uint8Array(disk.length + 100).fill(9);
  const { writer, calls } = memoryWriter(copy, false);
  const result = await copyDisk({ source: memoryReader(disk), target: writer, chunkSize: 64 * KIB, signal });
  expect(Buffer.compare(copy.subarray(0, disk.length), disk)).toBe(0);
  expect(copy.subarray(disk.length).every((byte) => byte === 0)).toBe(true);
  expect(calls.at(-1)).toBe('flush');
  expect(result).toMatchObject({ bytesRead: disk.length, bytesWritten: 128 * KIB, bytesZero: 172 * KIB + 7 });
  expect(dataChunks(result.manifest.pieces)).toEqual([2, 3]);
  expect(await verifyDisk({ manifest: result.manifest, reader: memoryReader(copy), signal })).toEqual({
    mismatches: [],
    bytesChecked: disk.length,
  });
  copy[64 * KIB] = 1;
  copy[128 * KIB] = 1;
  copy[300 * KIB + 6] = 1;
  expect(
    (await verifyDisk({ manifest: result.manifest, reader: memoryReader(copy), signal })).mismatches,
  ).toEqual([
    { offset: 64 * KIB, length: 128 * KIB },
    { offset: 256 * KIB, length: 44 * KIB + 7 },
  ]);
});

test('zeros are not sent to a target that reads as zero', async () => {
  const disk = new Uint8Array(1024 * KIB);
  disk[200 * KIB] = 1;
  const { writer, calls } = memoryWriter(new Uint8Array(disk.length), true);
  await copyDisk({ source: memoryReader(disk), target: writer, signal });
  expect(calls).toEqual([`write ${192 * KIB} ${64 * KIB}`, 'flush']);
});

test('a stream is gathered into chunks and written in order to a target without random access', async () => {
  const disk = new Uint8Array(1000 * KIB);
  const pieces = [0, 10, 64, 500, 900, 990].map((at) => ({ offset: at * KIB, data: noise(9 * KIB, at + 1) }));
  for (const { offset, data } of pieces) disk.set(data, offset);
  const stream: DiskStream = {
    kind: 'stream',
    size: disk.length,
    capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
    async *chunks() {
      yield* pieces;
    },
    async close() {},
  };
  const copy = new Uint8Array(disk.length);
  const { writer, calls } = memoryWriter(copy, false, false);
  const progress: number[] = [];
  const { manifest } = await copyDisk({
    source: stream,
    target: writer,
    chunkSize: 256 * KIB,
    key: KEY,
    signal,
    onProgress: ({ bytesDone }) => progress.push(bytesDone / KIB),
  });
  expect(Buffer.compare(copy, disk)).toBe(0);
  expect(progress).toEqual([256, 512, 768, 1000]);
  const offsets = calls.filter((call) => call !== 'flush').map((call) => Number(call.split(' ')[1]));
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  const same = await copyDisk({
    source: memoryReader(disk),
    target: writer,
    chunkSize: 256 * KIB,
    key: KEY,
    signal,
  });
  expect(manifest).toEqual(same.manifest);
});

test('a checkpoint comes after a flush and tells the digests so far', async () => {
  const disk = noise(512 * KIB);
  const { writer, calls } = memoryWriter(new Uint8Array(disk.length), true);
  const seen: unknown[] = [];
  const pieces: DigestPiece[] = [];
  const { manifest } = await copyDisk({
    source: memoryReader(disk),
    target: writer,
    chunkSize: 128 * KIB,
    depth: depthOf(1),
    checkpointBytes: 256 * KIB,
    signal,
    onCheckpoint: ({ bytesDone, piece }) => {
      pieces.push(piece);
      seen.push([bytesDone / KIB, piece.firstChunk, piece.chunks, calls.includes('flush')]);
    },
  });
  expect(seen).toEqual([
    [256, 0, 2, true],
    [512, 2, 2, true],
  ]);
  expect(manifest.pieces).toEqual(pieces);
});

test('a copy that was cut off goes on behind its last checkpoint, wherever it was cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), async (every, cut) => {
      const disk = noise(600 * KIB + 5);
      disk.fill(0, 100 * KIB, 200 * KIB);
      const copy = new Uint8Array(disk.length).fill(7);
      const pieces: DigestPiece[] = [];
      const job = { chunkSize: 64 * KIB, key: KEY, checkpointBytes: every * 64 * KIB, signal };
      let count = 0;
      const first = copyDisk({
        ...job,
        source: memoryReader(disk),
        target: memoryWriter(copy, false).writer,
        onProgress: () => {
          count += 1;
          if (count > cut) throw new Error('cut');
        },
        onCheckpoint: async ({ piece }) => {
          pieces.push(piece);
        },
      });
      await first.catch(() => undefined);
      const again = memoryWriter(copy, false);
      const resume = { chunkSize: 64 * KIB, key: KEY, pieces: [...pieces] };
      const done = pieces.reduce((sum, { chunks }) => sum + chunks, 0);
      const result = await copyDisk({ ...job, source: memoryReader(disk), target: again.writer, resume });
      expect(Buffer.compare(copy, disk)).toBe(0);
      expect(result.bytesRead).toBe(Math.max(0, disk.length - done * 64 * KIB));
      const fresh = await copyDisk({
        ...job,
        source: memoryReader(disk),
        target: memoryWriter(copy, false).writer,
      });
      expect(dataChunks(result.manifest.pieces)).toEqual(dataChunks(fresh.manifest.pieces));
      for (const { manifest } of [result, fresh])
        expect(await verifyDisk({ manifest, reader: memoryReader(copy), signal })).toEqual({
          mismatches: [],
          bytesChecked: disk.length,
        });
    }),
    { numRuns: 25 },
  );
});

test('a resumption that cannot be is refused before anything is read', async () => {
  const { writer } = memoryWriter(new Uint8Array(64 * KIB), true, false);
  const source = memoryReader(new Uint8Array(64 * KIB));
  const resume = { chunkSize: 64 * KIB, key: KEY, pieces: [{ firstChunk: 0, chunks: 1, digests: '' }] };
  await expect(copyDisk({ source, target: writer, signal, resume })).rejects.toThrow('random access');
  const { writer: good } = memoryWriter(new Uint8Array(64 * KIB), true);
  await expect(
    copyDisk({
      source,
      target: good,
      signal,
      resume: { ...resume, pieces: [{ firstChunk: 0, chunks: 2, digests: '' }] },
    }),
  ).rejects.toThrow('more than the disk has');
  for (const pieces of [
    [{ firstChunk: 1, chunks: 1, digests: '' }],
    [{ firstChunk: 0, chunks: 1, digests: 'what' }],
    [{ firstChunk: 0, chunks: 1, digests: `0:${Buffer.alloc(15).toString('base64')}` }],
    [{ firstChunk: 0, chunks: 1, digests: `1:${Buffer.alloc(16).toString('base64')}` }],
  ])
    await expect(copyDisk({ source, target: good, signal, resume: { ...resume, pieces } })).rejects.toThrow(
      'digests',
    );
});

test('the first failure is thrown, and nothing is left running', async () => {
  const disk = noise(1024 * KIB);
  let running = 0;
  const source = rangeReader({
    size: disk.length,
    readRange: (offset, _buffer, inner) =>
      new Promise((_resolve, reject) => {
        running += 1;
        const end = (error: Error) => {
          running -= 1;
          reject(error);
        };
        if (offset === 128 * KIB) setImmediate(() => end(new Error('broken cable')));
        else inner.addEventListener('abort', () => end(inner.reason as Error));
      }),
  });
  const { writer } = memoryWriter(new Uint8Array(disk.length), true);
  await expect(copyDisk({ source, target: writer, chunkSize: 64 * KIB, signal })).rejects.toThrow(
    'broken cable',
  );
  expect(running).toBe(0);
});

test('a target that is too small and a chunk size that is odd are refused before anything is read', async () => {
  const { writer } = memoryWriter(new Uint8Array(10), true);
  const source = memoryReader(new Uint8Array(11));
  await expect(copyDisk({ source, target: writer, signal })).rejects.toThrow('fewer than the source');
  await expect(copyDisk({ source, target: writer, chunkSize: 1000, signal })).rejects.toThrow(
    'multiple of 65536',
  );
});

test('a pause ends the copy behind a checkpoint of everything that was done', async () => {
  const disk = noise(640 * KIB);
  const copy = new Uint8Array(disk.length);
  const pause = new AbortController();
  const { writer } = memoryWriter(copy, true);
  const pieces: DigestPiece[] = [];
  const paused = copyDisk({
    source: memoryReader(disk),
    target: writer,
    chunkSize: 64 * KIB,
    depth: depthOf(2),
    signal,
    pause: pause.signal,
    onProgress: ({ bytesDone }) => {
      if (bytesDone === 192 * KIB) pause.abort(new Error('paused'));
    },
    onCheckpoint: async ({ piece }) => {
      pieces.push(piece);
    },
  });
  await expect(paused).rejects.toThrow('paused');
  const done = pieces.reduce((sum, { chunks }) => sum + chunks, 0) * 64 * KIB;
  expect(done).toBeGreaterThanOrEqual(192 * KIB);
  expect(done).toBeLessThanOrEqual(320 * KIB);
  expect(Buffer.compare(copy.subarray(0, done), disk.subarray(0, done))).toBe(0);
  expect(copy.subarray(done).every((byte) => byte === 0)).toBe(true);
});

test('what fails for a passing reason is made again, and what fails for good is not', async () => {
  const disk = noise(512 * KIB);
  const copy = new Uint8Array(disk.length);
  const passing = Object.assign(new Error('a broken cable'), { retryable: true });
  const failures = { read: 3, write: 3 };
  const told: unknown[] = [];
  const source = rangeReader({
    size: disk.length,
    async readRange(offset, buffer) {
      buffer.set(disk.subarray(offset, offset + buffer.length));
      if (offset === 128 * KIB && failures.read-- > 0) throw passing;
    },
  });
  const { writer } = memoryWriter(copy, true);
  const target: DiskWriter = {
    ...writer,
    async write(offset, data, inner) {
      if (offset === 192 * KIB && failures.write-- > 0) throw passing;
      await writer.write(offset, data, inner);
    },
  };
  const slept: number[] = [];
  const clock = {
    monotonic: () => performance.now(),
    async sleep(milliseconds: number, own?: AbortSignal) {
      if (milliseconds === 15_000)
        return new Promise<void>((resolve) => own?.addEventListener('abort', () => resolve()));
      slept.push(milliseconds);
    },
  };
  const job = { chunkSize: 64 * KIB, signal, clock, retry: { pauses: [10, 20, 30], stallSeconds: 60 } };
  await copyDisk({ ...job, source, target, onRetry: ({ error, attempt }) => told.push([error, attempt]) });
  expect(Buffer.compare(copy, disk)).toBe(0);
  expect(slept.toSorted((a, b) => a - b)).toEqual([10, 10, 20, 20, 30, 30]);
  expect(told).toHaveLength(6);
  failures.read = 4;
  await expect(copyDisk({ ...job, source, target })).rejects.toThrow('a broken cable');
  failures.read = 0;
  failures.write = 1;
  Object.assign(passing, { retryable: false });
  await expect(copyDisk({ ...job, source, target })).rejects.toThrow('a broken cable');
});

test('a copy that moves no byte is given up and made again, and what the stalled read brings late hurts nobody', async () => {
  const disk = noise(256 * KIB);
  const copy = new Uint8Array(disk.length);
  const late: (() => void)[] = [];
  let hang = true;
  const source = rangeReader({
    size: disk.length,
    async readRange(offset, buffer) {
      if (offset === 64 * KIB && hang) {
        hang = false;
        // Hears of no abort, and fills the buffer at last.
        await new Promise<void>((resolve) => late.push(resolve));
        buffer.fill(0xee);
        return;
      }
      buffer.set(disk.subarray(offset, offset + buffer.length));
    },
  });
  const { writer } = memoryWriter(copy, true);
  let now = 0;
  const clock = {
    monotonic: () => now,
    async sleep(milliseconds: number, own?: AbortSignal) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      now += milliseconds;
      if (own?.aborted === true) throw own.reason as Error;
    },
  };
  const stalls: unknown[] = [];
  const target: DiskWriter = {
    ...writer,
    async write(offset, data, inner) {
      if (offset === 64 * KIB) for (const end of late.splice(0)) end();
      await new Promise((resolve) => setImmediate(resolve));
      await writer.write(offset, data, inner);
    },
  };
  await copyDisk({
    source,
    target,
    chunkSize: 64 * KIB,
    signal,
    clock,
    retry: { stallSeconds: 8 },
    onRetry: ({ error }) => stalls.push((error as { code?: string }).code),
  });
  expect(stalls).toEqual(['disk_stalled']);
  expect(Buffer.compare(copy, disk)).toBe(0);
});

test('a stream that brings nothing for too long ends the copy', async () => {
  const stream: DiskStream = {
    kind: 'stream',
    size: 64 * KIB,
    capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
    async *chunks(inner) {
      yield { offset: 0, data: noise(1000) };
      await new Promise((_resolve, reject) =>
        inner.addEventListener('abort', () => reject(inner.reason as Error)),
      );
    },
    async close() {},
  };
  let now = 0;
  const clock = {
    monotonic: () => now,
    async sleep(milliseconds: number) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      now += milliseconds;
    },
  };
  const { writer } = memoryWriter(new Uint8Array(64 * KIB), true);
  await expect(
    copyDisk({ source: stream, target: writer, signal, clock, retry: { stallSeconds: 8 } }),
  ).rejects.toMatchObject({ code: 'disk_stalled' });
});

test('copies of one budget never hold more memory than it has, and a hung one does not stop the others', async () => {
  const memory = new CopyMemory(8 * 64 * KIB);
  const budget = { memory, rate: new CopyRate() };
  const disk = noise(40 * 64 * KIB);
  let most = 0;
  const look = (): void => {
    most = Math.max(most, memory.used);
  };
  const hung = new AbortController();
  const never: DiskWriter = {
    ...memoryWriter(new Uint8Array(disk.length), true).writer,
    write: () =>
      new Promise((_resolve, reject) =>
        hung.signal.addEventListener('abort', () => reject(hung.signal.reason as Error)),
      ),
  };
  const job = { budget, chunkSize: 64 * KIB, depth: depthOf(16) };
  const stuck = copyDisk({ ...job, source: memoryReader(disk), target: never, signal: hung.signal });
  await new Promise((resolve) => setImmediate(resolve));
  const copies = Array.from({ length: 3 }, () => new Uint8Array(disk.length));
  await Promise.all(
    copies.map((copy) =>
      copyDisk({
        ...job,
        source: memoryReader(disk),
        target: memoryWriter(copy, true).writer,
        signal,
        onProgress: look,
      }),
    ),
  );
  for (const copy of copies) expect(Buffer.compare(copy, disk)).toBe(0);
  expect(most).toBeLessThanOrEqual((8 + 4) * 64 * KIB);
  hung.abort(new Error('enough'));
  await expect(stuck).rejects.toThrow('enough');
  expect(memory.used).toBe(0);
});
