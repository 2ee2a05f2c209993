import { open, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  type CopyBudget,
  type CopyCheckpoint,
  type CopyJob,
  type CopyResult,
  ChunkThreads,
  copyDisk,
  CopyMemory,
  CopyRate,
  openDeviceWriter,
  openRawFile,
  repairDisk,
  verifyDisk,
} from '../src/index.ts';
import { noise } from './support.ts';

const BLOCK = 65536;
const KEY = '0f0e0d0c0b0a09080706050403020100';
const never = new AbortController().signal;
let folder: string;
let threads: ChunkThreads;
let budget: CopyBudget;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-threads-'));
  const entry = new URL('chunk-thread.js', pathToFileURL(inject('guts')));
  threads = new ChunkThreads({ entry, count: 2 });
  budget = { memory: new CopyMemory(2 ** 26), rate: new CopyRate(), threads };
});
afterAll(async () => {
  await threads.close();
  await rm(folder, { recursive: true, force: true });
});

/** A thread of another kind: what `code` makes of each job that `parentPort` brings. */
const threadOf = (code: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, threadId, workerData } from 'node:worker_threads'; const stop = new Int32Array(workerData.stop); ${code}`)}`,
  );
const job = { length: BLOCK, parts: [], key: KEY, from: { fd: -1, offset: 0 } };

async function copied(
  disk: Uint8Array,
  target: string,
  options: Partial<CopyJob> & { create: boolean },
): Promise<CopyResult> {
  const path = join(folder, 'source');
  await writeFile(path, '');
  await truncate(path, disk.length);
  const file = await open(path, 'r+');
  for (let at = 0; at < disk.length; at += BLOCK) {
    const block = disk.subarray(at, at + BLOCK);
    if (block.some((byte) => byte !== 0)) await file.write(block, 0, block.length, at);
  }
  await file.close();
  const source = await openRawFile(path);
  const writer = await openDeviceWriter(target, { size: disk.length, create: options.create });
  try {
    return await copyDisk({
      source,
      target: writer,
      signal: never,
      key: KEY,
      chunkSize: 4 * BLOCK,
      ...options,
    });
  } finally {
    await writer.close();
    await source.close();
  }
}

const disks = fc
  .tuple(
    fc.integer({ min: 1, max: 40 * BLOCK }),
    fc.array(fc.record({ at: fc.nat(), length: fc.integer({ min: 1, max: 3 * BLOCK }) }), { maxLength: 8 }),
  )
  .map(([size, pieces]) => {
    const disk = new Uint8Array(size);
    for (const { at, length } of pieces) {
      const offset = at % size;
      disk.set(noise(Math.min(length, size - offset), at + 1), offset);
    }
    return disk;
  });

test('threads copy, verify and repair with the same bytes and digests as the engine without them', async () => {
  const target = join(folder, 'target');
  await fc.assert(
    fc.asyncProperty(disks, fc.boolean(), async (disk, used) => {
      await rm(target, { force: true });
      if (used) await writeFile(target, noise(disk.length, 99));
      const without = await copied(disk, join(folder, 'plain'), { create: true });
      await rm(join(folder, 'plain'));
      const result = await copied(disk, target, { create: !used, budget });
      expect(result).toEqual(without);
      expect(Buffer.compare(await readFile(target), disk)).toBe(0);

      const at = Math.floor(disk.length / 2);
      const file = await open(target, 'r+');
      await file.write(Buffer.of((disk[at] ?? 0) ^ 1), 0, 1, at);
      await file.close();
      const reader = await openRawFile(target);
      const { manifest } = result;
      const { mismatches } = await verifyDisk({ manifest, reader, signal: never, budget });
      await reader.close();
      expect(mismatches).toHaveLength(1);
      expect(mismatches[0]?.offset).toBe(at - (at % (4 * BLOCK)));
      const source = await openRawFile(join(folder, 'source'));
      const writer = await openDeviceWriter(target, { size: disk.length });
      const repaired = await repairDisk({
        source,
        target: writer,
        manifest,
        extents: mismatches,
        signal: never,
        budget,
      });
      await writer.close();
      await source.close();
      expect(repaired.changed).toEqual([]);
      expect(Buffer.compare(await readFile(target), disk)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('a copy that was aborted in the middle goes on behind its last checkpoint', async () => {
  const disk = noise(200 * BLOCK);
  const target = join(folder, 'resumed');
  const stop = new AbortController();
  const seen: CopyCheckpoint[] = [];
  // Slow enough that checkpoints come while it lasts.
  const slow = { ...budget, rate: new CopyRate(16 * 2 ** 20) };
  const first = copied(disk, target, {
    create: true,
    budget: slow,
    signal: stop.signal,
    checkpointBytes: 20 * BLOCK,
    onCheckpoint: (checkpoint) => {
      seen.push(checkpoint);
      if (seen.length === 3) stop.abort(new Error('enough'));
    },
  });
  await expect(first).rejects.toThrow('enough');
  const done = seen.at(-1)?.bytesDone ?? 0;
  const result = await copied(disk, target, {
    create: false,
    budget,
    resume: { chunkSize: 4 * BLOCK, key: KEY, pieces: seen.map(({ piece }) => piece) },
  });
  expect(result.bytesRead).toBe(disk.length - done);
  expect(Buffer.compare(await readFile(target), disk)).toBe(0);
});

test('a target is not closed while a thread may still write to it', async () => {
  const path = join(folder, 'held');
  const writer = await openDeviceWriter(path, { size: BLOCK, create: true });
  let end: () => void = () => undefined;
  const work = writer.file?.during(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  let closed = false;
  const closing = writer.close().then(() => (closed = true));
  await open(path, 'r').then((file) => file.close());
  expect(closed).toBe(false);
  end();
  await work;
  await closing;
  expect(closed).toBe(true);
});

test('a job that the kernel does not answer holds up no other, and its thread is not used again', async () => {
  // Like a thread in a call of the kernel: it reads no message meanwhile.
  const entry = threadOf(
    `parentPort.on('message', ({ key }) => {
       if (key === 'hangs') while (Atomics.load(stop, 0) === 0) Atomics.wait(stop, 0, 0, 5);
       const stopped = Atomics.load(stop, 0) !== 0;
       parentPort.postMessage(stopped ? { fault: { kind: 'stopped' } } : { done: { runs: [], digest: null } });
     });`,
  );
  const pool = new ChunkThreads({ entry, count: 1 });
  const stop = new AbortController();
  const hanging = pool.run({ ...job, key: 'hangs' }, stop.signal).catch((error: unknown) => error);
  // In the same mailbox: it must not be lost with the thread.
  const behind = pool.run(job, never);
  const queued = new AbortController();
  const first = pool.run(job, never);
  const notBegun = pool.run(job, queued.signal);
  queued.abort(new Error('not begun'));
  await expect(notBegun).rejects.toThrow('not begun');
  stop.abort(new Error('given up'));
  await expect(first).resolves.toMatchObject({ digest: null });
  await expect(behind).resolves.toMatchObject({ digest: null });
  await expect(hanging).resolves.toMatchObject({ message: 'given up' });
  await pool.close();
});

test('more threads than processors are started only while the host has time for them', async () => {
  const entry = threadOf(
    `parentPort.on('message', () => {
       Atomics.wait(stop, 0, 0, 20);
       parentPort.postMessage({ done: { runs: [{ offset: threadId, length: 0 }], digest: null } });
     });`,
  );
  let busy = 1;
  const pool = new ChunkThreads({ entry, count: 3, processors: 1, load: { busy: () => busy } });
  const working = async (): Promise<number> => {
    const done = await Promise.all(Array.from({ length: 9 }, () => pool.run(job, never)));
    return new Set(done.map(({ runs }) => runs[0]?.offset)).size;
  };
  expect(await working()).toBe(1);
  busy = 0.5;
  expect(await working()).toBe(3);
  await pool.close();
});

test('a thread that dies, or never comes to life, is an error of its job and of no other', async () => {
  const entry = threadOf(
    `parentPort.on('message', ({ key }) => { if (key === 'dies') process.exit(1); parentPort.postMessage({ done: { runs: [], digest: null } }); });`,
  );
  const pool = new ChunkThreads({ entry, count: 1 });
  await expect(pool.run({ ...job, key: 'dies' }, never)).rejects.toMatchObject({ code: 'disk_io' });
  await expect(pool.run(job, never)).resolves.toEqual({ runs: [], digest: null });
  await pool.close();
  await expect(pool.run(job, never)).rejects.toThrow('stopped');

  const absent = new ChunkThreads({ entry: new URL('file:///nowhere/chunk-thread.js'), count: 1 });
  await expect(absent.run(job, never)).rejects.toThrow('chunk-thread.js');
  await absent.close();
});
