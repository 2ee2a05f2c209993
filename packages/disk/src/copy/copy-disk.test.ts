import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyDisk, rangeReader, verifyDisk, zeroDigest, type DiskStream, type DiskWriter } from '../index.ts';
import { noise } from '../../test/support.ts';

const { signal } = new AbortController();
const KIB = 1024;

function memoryReader(disk: Uint8Array) {
  return rangeReader({
    size: disk.length,
    readRange: async (offset, buffer) => buffer.set(disk.subarray(offset, offset + buffer.length)),
  });
}
function memoryWriter(disk: Uint8Array, readsAsZero: boolean, randomAccess = true) {
  const calls: string[] = [];
  const writer: DiskWriter = {
    size: disk.length,
    capabilities: { randomAccess, readsAsZero, needsMap: false },
    async write(offset, data) {
      calls.push(`write ${offset} ${data.length}`);
      disk.set(data, offset);
    },
    async zero(offset, length) {
      calls.push(`zero ${offset} ${length}`);
      disk.fill(0, offset, offset + length);
    },
    async flush() {
      calls.push('flush');
    },
    async close() {},
  };
  return { writer, calls };
}

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
  expect(result.manifest.digests[0]).toBe(zeroDigest(64 * KIB));
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
    signal,
    onProgress: ({ bytesDone }) => progress.push(bytesDone / KIB),
  });
  expect(Buffer.compare(copy, disk)).toBe(0);
  expect(progress).toEqual([256, 512, 768, 1000]);
  const offsets = calls.filter((call) => call !== 'flush').map((call) => Number(call.split(' ')[1]));
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  const same = await copyDisk({ source: memoryReader(disk), target: writer, chunkSize: 256 * KIB, signal });
  expect(manifest).toEqual(same.manifest);
});

test('a checkpoint comes after a flush and tells the digests so far', async () => {
  const disk = noise(512 * KIB);
  const { writer, calls } = memoryWriter(new Uint8Array(disk.length), true);
  const seen: unknown[] = [];
  const { manifest } = await copyDisk({
    source: memoryReader(disk),
    target: writer,
    chunkSize: 128 * KIB,
    inFlight: 1,
    checkpointBytes: 256 * KIB,
    signal,
    onCheckpoint: ({ bytesDone, firstChunk, digests }) => {
      seen.push([bytesDone / KIB, firstChunk, digests.length, calls.at(-1)]);
    },
  });
  expect(seen).toEqual([
    [256, 0, 2, 'flush'],
    [512, 2, 2, 'flush'],
  ]);
  expect(manifest.digests).toHaveLength(4);
});

test('a copy that was cut off goes on behind its last checkpoint, wherever it was cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), async (every, cut) => {
      const disk = noise(600 * KIB + 5);
      disk.fill(0, 100 * KIB, 200 * KIB);
      const copy = new Uint8Array(disk.length).fill(7);
      const digests: string[] = [];
      const job = { chunkSize: 64 * KIB, checkpointBytes: every * 64 * KIB, signal };
      let count = 0;
      const first = copyDisk({
        ...job,
        source: memoryReader(disk),
        target: memoryWriter(copy, false).writer,
        onProgress: () => {
          count += 1;
          if (count > cut) throw new Error('cut');
        },
        onCheckpoint: async (checkpoint) => {
          digests.splice(checkpoint.firstChunk, Infinity, ...checkpoint.digests);
        },
      });
      await first.catch(() => undefined);
      const again = memoryWriter(copy, false);
      const resume = { chunkSize: 64 * KIB, digests: [...digests] };
      const result = await copyDisk({ ...job, source: memoryReader(disk), target: again.writer, resume });
      expect(Buffer.compare(copy, disk)).toBe(0);
      expect(result.bytesRead).toBe(Math.max(0, disk.length - digests.length * 64 * KIB));
      const fresh = await copyDisk({
        ...job,
        source: memoryReader(disk),
        target: memoryWriter(copy, false).writer,
      });
      expect(result.manifest).toEqual(fresh.manifest);
    }),
    { numRuns: 40 },
  );
});

test('a resumption that cannot be is refused before anything is read', async () => {
  const { writer } = memoryWriter(new Uint8Array(64 * KIB), true, false);
  const source = memoryReader(new Uint8Array(64 * KIB));
  const resume = { chunkSize: 64 * KIB, digests: ['x'] };
  await expect(copyDisk({ source, target: writer, signal, resume })).rejects.toThrow('random access');
  const { writer: good } = memoryWriter(new Uint8Array(64 * KIB), true);
  await expect(
    copyDisk({ source, target: good, signal, resume: { chunkSize: 64 * KIB, digests: ['x', 'y'] } }),
  ).rejects.toThrow('more than the disk has');
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

test('the rate is limited by the injected clock', async () => {
  let now = 0;
  const slept: number[] = [];
  const clock = {
    monotonic: () => now,
    async sleep(milliseconds: number) {
      slept.push(Math.round(milliseconds));
      now += milliseconds;
    },
  };
  const disk = noise(256 * KIB);
  const { writer } = memoryWriter(new Uint8Array(disk.length), true);
  const source = memoryReader(disk);
  const limits = { chunkSize: 64 * KIB, inFlight: 1, bytesPerSecond: 64 * KIB };
  await copyDisk({ source, target: writer, signal, clock, ...limits });
  expect(slept).toEqual([1000, 1000, 1000, 1000]);
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
  const digests: string[] = [];
  const paused = copyDisk({
    source: memoryReader(disk),
    target: writer,
    chunkSize: 64 * KIB,
    inFlight: 2,
    signal,
    pause: pause.signal,
    onProgress: ({ bytesDone }) => {
      if (bytesDone === 192 * KIB) pause.abort(new Error('paused'));
    },
    onCheckpoint: async (checkpoint) => {
      digests.push(...checkpoint.digests);
    },
  });
  await expect(paused).rejects.toThrow('paused');
  expect(digests).toHaveLength(3);
  expect(Buffer.compare(copy.subarray(0, 192 * KIB), disk.subarray(0, 192 * KIB))).toBe(0);
});
