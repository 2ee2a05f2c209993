import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  ChunkThreads,
  copyDisk,
  type CopyJob,
  CopyMemory,
  CopyRate,
  type CopyResult,
  type DiskReader,
  openDeviceWriter,
  rangeReader,
} from '../src/index.ts';
import { noise } from './support.ts';
import { threadOf } from './thread-of.ts';

const BLOCK = 65536;
const KEY = '0f0e0d0c0b0a09080706050403020100';
const never = new AbortController().signal;
let folder: string;
let target: string;
let threads: ChunkThreads;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-lent-'));
  target = join(folder, 'target');
  const entry = new URL('chunk-thread.js', pathToFileURL(inject('guts')));
  threads = new ChunkThreads({ entry, count: 2 });
});
afterAll(async () => {
  await threads.close();
  await rm(folder, { recursive: true, force: true });
});

/** What is no file of this host, and how often each of its bytes is asked for. */
function distant(disk: Uint8Array): { reader: DiskReader; reads: number[] } {
  const reads: number[] = [];
  const reader = rangeReader({
    size: disk.length,
    readRange: (offset, buffer) => {
      reads.push(offset);
      buffer.set(disk.subarray(offset, offset + buffer.length));
      return Promise.resolve();
    },
  });
  return { reader, reads };
}

async function copied(
  source: DiskReader,
  pool: ChunkThreads | undefined,
  options: Partial<CopyJob> & { create: boolean },
): Promise<CopyResult> {
  const writer = await openDeviceWriter(target, { size: source.size, create: options.create });
  const budget = { memory: new CopyMemory(2 ** 22), rate: new CopyRate(), threads: pool };
  try {
    return await copyDisk({
      source,
      target: writer,
      signal: never,
      key: KEY,
      chunkSize: 2 * BLOCK,
      budget,
      ...options,
    });
  } finally {
    await writer.close();
  }
}

test('what comes from elsewhere is digested and written by threads with the same result as without', async () => {
  const blocks = fc.array(fc.constantFrom('zero', 'noise'), { minLength: 1, maxLength: 24 });
  await fc.assert(
    fc.asyncProperty(blocks, fc.nat(BLOCK - 1), fc.boolean(), async (kinds, cut, used) => {
      const disk = new Uint8Array(kinds.length * BLOCK - cut);
      for (const [index, kind] of kinds.entries())
        if (kind === 'noise')
          disk.set(noise(Math.min(BLOCK, disk.length - index * BLOCK), index + 1), index * BLOCK);
      const results: CopyResult[] = [];
      for (const pool of [undefined, threads]) {
        await rm(target, { force: true });
        if (used) await writeFile(target, noise(disk.length, 99));
        results.push(await copied(distant(disk).reader, pool, { create: !used }));
        expect(Buffer.compare(await readFile(target), disk)).toBe(0);
      }
      expect(results[1]).toEqual(results[0]);
    }),
    { numRuns: 30 },
  );
});

/** It never comes back from the job whose bytes begin with 7, until it is stopped; tells others their first byte. */
const HANGS_ON_7 = `parentPort.on('message', ({ from: { bytes } }) => {
  if (bytes[0] === 7) { while (Atomics.load(stop, 0) === 0) Atomics.wait(stop, 0, 0, 5); }
  const stopped = Atomics.load(stop, 0) !== 0;
  const digest = bytes.slice(0, 1);
  parentPort.postMessage(stopped ? { fault: { kind: 'stopped' }, bytes } : { done: { runs: [], digest, bytes } }, [bytes.buffer]);
});`;

test('bytes that were lent to a thread which hangs go to the next one', async () => {
  const pool = new ChunkThreads({ entry: threadOf(HANGS_ON_7), count: 1 });
  const lent = (fill: number) => ({
    length: BLOCK,
    parts: [],
    key: KEY,
    from: { bytes: new Uint8Array(BLOCK).fill(fill) },
  });
  const stop = new AbortController();
  const hanging = pool.run(lent(7), stop.signal).catch((error: unknown) => error);
  const behind = pool.run(lent(3), never);
  stop.abort(new Error('given up'));
  await expect(hanging).resolves.toMatchObject({ message: 'given up' });
  const { digest, bytes } = await behind;
  expect(digest).toEqual(Uint8Array.of(3));
  expect(bytes).toEqual(new Uint8Array(BLOCK).fill(3));
  await pool.close();
});

test('a chunk whose writing is given up is read again, for its bytes are gone', async () => {
  const entry = threadOf(
    `parentPort.on('message', ({ from: { bytes } }) => {
       if (bytes[0] === 7) while (Atomics.load(stop, 0) === 0) Atomics.wait(stop, 0, 0, 5);
       if (Atomics.load(stop, 0) !== 0) { parentPort.postMessage({ fault: { kind: 'stopped' }, bytes }, [bytes.buffer]); return; }
       parentPort.postMessage({ done: { runs: [{ offset: 0, length: bytes.length }], digest: new Uint8Array(16), bytes } }, [bytes.buffer]);
     });`,
  );
  const pool = new ChunkThreads({ entry, count: 1 });
  let at = 0;
  const reads: number[] = [];
  // Another byte each time, so that only the first attempt hangs.
  const source = rangeReader({
    size: 2 * BLOCK,
    readRange: (offset, buffer) => {
      reads.push(offset);
      buffer.fill(at === 0 ? 7 : 8);
      at += 1;
      return Promise.resolve();
    },
  });
  await rm(target, { force: true });
  const retried: unknown[] = [];
  const { bytesWritten } = await copied(source, pool, {
    create: true,
    // To start a thread may take as long on a busy machine: then it is given up, too.
    retry: { pauses: Array.from({ length: 20 }, () => 1), stallSeconds: 0.4 },
    onRetry: ({ error }) => retried.push(error),
  });
  expect(bytesWritten).toBe(2 * BLOCK);
  expect(retried[0]).toMatchObject({ code: 'disk_stalled' });
  expect(reads).toEqual([0, ...retried.map(() => 0)]);
  await pool.close();
});

test('an error of the file is the error of the copy, as without threads', async () => {
  await writeFile(target, new Uint8Array(2 * BLOCK));
  const readOnly = await open(target, 'r');
  const writer = await openDeviceWriter(target, { size: 2 * BLOCK });
  const file = writer.file;
  if (!file) throw new Error('a file is one of this host');
  const copy = copyDisk({
    source: distant(noise(2 * BLOCK)).reader,
    target: {
      ...writer,
      file: {
        fd: readOnly.fd,
        during: (work) => file.during(work),
        willWrite: (...range) => file.willWrite(...range),
        wrote: (...range) => file.wrote(...range),
      },
    },
    signal: never,
    budget: { memory: new CopyMemory(2 ** 22), rate: new CopyRate(), threads },
  });
  await expect(copy).rejects.toMatchObject({ code: 'EBADF', syscall: 'write' });
  await writer.close();
  await readOnly.close();
});
