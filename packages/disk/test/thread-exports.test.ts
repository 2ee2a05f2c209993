import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import {
  ChunkThreads,
  type CopyJob,
  copyDisk,
  CopyMemory,
  CopyRate,
  type CopyResult,
  NbdServerError,
  openDeviceWriter,
  openNbdReader,
} from '../src/index.ts';
import { at, turnsUntil } from './nbd-rig.ts';
import { simpleReply } from './nbd-messages.ts';
import { ALL_FLAGS, FakeNbdServer, type FakeOptions, FLAG } from './nbd-server.ts';
import { noise } from './support.ts';

/** Threads that read an export by connections of their own, which wait. */
const BLOCK = 64 * 1024;
const READ = 0;
const EIO = 5;
const KEY = '0f0e0d0c0b0a09080706050403020100';
const never = new AbortController().signal;
let folder: string;
let threads: ChunkThreads;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-thread-exports-'));
  threads = new ChunkThreads({
    entry: new URL('chunk-thread.js', pathToFileURL(inject('guts'))),
    count: 2,
  });
});
afterAll(async () => {
  await threads.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: FakeOptions): Promise<FakeNbdServer> {
  const server = await FakeNbdServer.start(options);
  onTestFinished(async () => {
    await server.stop();
    expect(server.mistakes).toEqual([]);
  });
  return server;
}

/** Copies the export with threads. @returns what the target has, too, and why threads could not read to the end */
async function copied(
  server: FakeNbdServer,
  { lend = true, size, requestBytes, ...more }: Partial<CopyJob> & Lent = {},
): Promise<CopyResult & { readonly bytes: Buffer; readonly obstacle: Error | null | undefined }> {
  const target = join(folder, randomUUID());
  const reader = await openNbdReader(
    // One of its own: what servers do to others is done to the threads'.
    {
      ...at(server, 'x'),
      connections: 1,
      threads: lend,
      ...(requestBytes === undefined ? {} : { requestBytes }),
    },
    never,
  );
  const source = size === undefined ? reader : { ...reader, ...clipped(reader, size) };
  const writer = await openDeviceWriter(target, { size: source.size, create: true });
  try {
    const budget = { memory: new CopyMemory(2 ** 26), rate: new CopyRate(), threads };
    const job = { source, target: writer, signal: never, key: KEY, chunkSize: 4 * BLOCK, budget, ...more };
    const result = await copyDisk(job);
    return { ...result, bytes: await readFile(target), obstacle: reader.local?.obstacle };
  } finally {
    await writer.close();
    await reader.close();
    await rm(target);
  }
}
interface Lent {
  readonly lend?: boolean;
  readonly size?: number;
  readonly requestBytes?: number;
}

function clipped(reader: Awaited<ReturnType<typeof openNbdReader>>, size: number) {
  return {
    size,
    async *extents(signal: AbortSignal) {
      for await (const { offset, length, kind } of reader.extents(signal))
        if (offset < size) yield { offset, length: Math.min(length, size - offset), kind };
    },
  };
}

const exports = fc.record({
  blocks: fc.integer({ min: 1, max: 40 }),
  runs: fc.array(fc.record({ at: fc.nat(), length: fc.integer({ min: 1, max: 3 * BLOCK }) }), {
    maxLength: 8,
  }),
  block: fc.constantFrom(1, 512, 4096),
  payload: fc.constantFrom(4096, 20_480, 2 ** 25),
  requestBytes: fc.constantFrom(5000, 65_536, 1e6),
  unruly: fc.integer({ min: 1, max: 1e6 }),
  less: fc.nat(700),
  plain: fc.boolean(),
});

test('they bring the same bytes and digests as the engine without them', async () => {
  await fc.assert(
    fc.asyncProperty(exports, async ({ blocks, runs, block, payload, requestBytes, unruly, less, plain }) => {
      const disk = new Uint8Array(blocks * 4096);
      for (const { at: place, length } of runs) {
        const offset = place % disk.length;
        disk.set(noise(Math.min(length, disk.length - offset), place + 1), offset);
      }
      const server = await FakeNbdServer.start({
        exports: { x: { disk, blocks: [block, 4096, payload] } },
        unruly,
        // As it answers who did not ask for more, or as real ones do.
        ...(plain ? { refuse: { 8: 0x80000001, 10: 0x80000001 } } : {}),
      });
      const size = disk.length - less;
      const without = await copied(server, { lend: false, size, requestBytes });
      expect(server.connections).toBe(1);
      const before = server.connections;
      const result = await copied(server, { size, requestBytes });
      expect(result).toEqual({ ...without, obstacle: null });
      expect(Buffer.compare(result.bytes, disk.subarray(0, size))).toBe(0);
      // They came, read, and left.
      expect(server.connections).toBeGreaterThan(before + (result.bytesRead > 0 ? 1 : 0));
      await turnsUntil(() => server.open === 0);
      await server.stop();
      expect(server.mistakes).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

const disk = noise(20 * BLOCK);
const serving = (more: Partial<FakeOptions> = {}): Promise<FakeNbdServer> =>
  start({ exports: { x: { disk } }, ...more });

test(
  'a server that takes no more connections is read by the one that is there',
  { timeout: 30_000 },
  async () => {
    const server = await serving({ mostConnections: 1 });
    const rate = new CopyRate();
    const open = rate.open.bind(rate);
    let charged = 0;
    rate.open = () => {
      const place = open();
      const pass = (bytes: number, signal: AbortSignal): Promise<void> => {
        charged += bytes;
        return place.pass(bytes, signal);
      };
      return { ...place, pass };
    };
    const { bytes } = await copied(server, { budget: { memory: new CopyMemory(2 ** 26), rate, threads } });
    expect(Buffer.compare(bytes, disk)).toBe(0);
    // What a thread could not read and another read then counts once.
    expect(charged).toBe(disk.length);
  },
);

test('one that does not say that it bears several is asked for no other', async () => {
  const server = await start({ exports: { x: { disk, flags: ALL_FLAGS & ~FLAG.multi } } });
  const { bytes } = await copied(server);
  expect(Buffer.compare(bytes, disk)).toBe(0);
  expect(server.connections).toBe(1);
});

test.each<[string, Partial<FakeOptions>]>([
  ['hangs up', { onRequest: ({ type }, number) => (number > 0 && type === READ ? 'hang up' : undefined) }],
  [
    'answers with an error',
    {
      onRequest: ({ type, cookie }, number) =>
        number > 0 && type === READ ? [simpleReply(cookie, EIO)] : undefined,
    },
  ],
  [
    'talks nonsense',
    { onRequest: ({ type }, number) => (number > 0 && type === READ ? [Buffer.alloc(16, 7)] : undefined) },
  ],
  ['is cut off in the middle', { cutAfter: (number) => (number > 0 ? 100_000 + number * 777 : undefined) }],
])('one that %s on their connections is read the usual way', async (_what, options) => {
  const server = await serving(options);
  const { bytes, manifest, obstacle } = await copied(server);
  expect(Buffer.compare(bytes, disk)).toBe(0);
  expect(obstacle).toBeInstanceOf(Error);
  // It was tried.
  expect(server.connections).toBeGreaterThan(1);
  const whole = await serving();
  expect(manifest).toEqual((await copied(whole, { lend: false })).manifest);
});

test('an export that another took the place of is not read', async () => {
  const server = await serving();
  const reader = await openNbdReader({ ...at(server, 'x'), threads: true }, never);
  const { local } = reader;
  await reader.close();
  const other = { ...local?.export, size: 19 * BLOCK } as NonNullable<typeof local>['export'];
  const job = { length: BLOCK, parts: [{ offset: 0, length: BLOCK }], key: KEY };
  await expect(threads.run({ ...job, from: { local: other, offset: 0 } }, never)).rejects.toThrow(
    'not what it was',
  );
});

test('an error that stays is told as the server told it', async () => {
  const server = await serving({
    onRequest: ({ type, cookie }) => (type === READ ? [simpleReply(cookie, 1)] : undefined),
    refuse: { 8: 0x80000001, 10: 0x80000001 },
  });
  await expect(copied(server)).rejects.toThrow(NbdServerError);
});

test('a copy that is aborted while the server says nothing ends, and its connections, too', async () => {
  const server = await serving({ onRequest: ({ type }) => (type === READ ? 'silence' : undefined) });
  const stop = new AbortController();
  const copy = copied(server, { signal: stop.signal });
  const ended = copy.catch((error: unknown) => error);
  await turnsUntil(() => server.served.some(({ type }) => type === READ));
  stop.abort(new Error('given up'));
  expect(await ended).toMatchObject({ message: 'given up' });
  await turnsUntil(() => server.open === 0);
});
