import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyDisk,
  NbdError,
  openNbdReader,
  openNbdWriter,
  verifyDisk,
  type NbdWriter,
} from '../src/index.ts';
import { at, signal } from './nbd-rig.ts';
import { random } from './nbd-content.ts';
import { FakeNbdServer, type FakeOptions } from './nbd-server.ts';
import { noise } from './support.ts';
import { swift } from './swift-clock.ts';

/** Random disks through random servers that cut, reorder and split: bytes compared with what the servers hold. */
const BLOCK = 64 * 1024;

interface Case {
  readonly disk: Uint8Array;
  readonly seed: number;
  readonly structured: boolean;
  readonly block: number;
  readonly payload: number;
  readonly connections: number;
  readonly requestBytes: number;
  readonly statusLimit: number;
  readonly bytesInFlight: number;
}
const cases: fc.Arbitrary<Case> = fc
  .record({
    size: fc.integer({ min: 1, max: 24 }),
    runs: fc.array(fc.record({ at: fc.nat(23), length: fc.integer({ min: 1, max: 8 }) }), { maxLength: 5 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    structured: fc.boolean(),
    block: fc.constantFrom(1, 512, 4096),
    payload: fc.constantFrom(4096, 20_480, 2 ** 25),
    connections: fc.integer({ min: 1, max: 4 }),
    requestBytes: fc.constantFrom(5000, 65_536, 1e6),
    statusLimit: fc.integer({ min: 1, max: 4 }),
    bytesInFlight: fc.constantFrom(1, 50_000, 1e7),
  })
  .map(({ size, runs, ...rest }) => {
    // Blocks of 4096 so that every alignment divides the size.
    const disk = new Uint8Array(size * 4096);
    for (const [index, { at: from, length }] of runs.entries())
      if (from < size) disk.set(noise(Math.min(length, size - from) * 4096 - index, index + 1), from * 4096);
    return { disk, ...rest };
  });

const served = (disk: Uint8Array, item: Case, more: Partial<FakeOptions> = {}): FakeOptions => ({
  exports: { x: { disk, blocks: [item.block, 4096, item.payload] } },
  unruly: item.seed,
  statusLimit: item.statusLimit,
  ...(item.structured ? {} : { refuse: { 8: 0x80000001 } }),
  ...more,
});
const limits = ({ connections, requestBytes, bytesInFlight }: Case) => ({
  connections,
  requestBytes,
  bytesInFlight,
});

test('a copy between unruly servers is byte for byte, and verified by reading it back', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (item) => {
      const from = await FakeNbdServer.start(served(item.disk, item));
      const target = noise(item.disk.length, 77);
      const to = await FakeNbdServer.start(served(target, item));
      const source = await openNbdReader({ ...at(from, 'x'), ...limits(item) }, signal);
      const writer = await openNbdWriter(
        { ...at(to, 'x'), ...limits(item), size: item.disk.length - (item.seed % 700) },
        signal,
      );
      try {
        const short = {
          ...source,
          size: writer.size,
          extents: (inner: AbortSignal) => clipped(source.extents(inner), writer.size),
        };
        const { manifest, bytesRead } = await copyDisk({
          source: short,
          target: writer,
          chunkSize: BLOCK,
          signal,
        });
        expect(
          Buffer.compare(to.stable.get('x')!.subarray(0, writer.size), item.disk.subarray(0, writer.size)),
        ).toBe(0);
        // What lies behind the disk, even within its last block, stays as it was.
        expect(
          Buffer.compare(target.subarray(writer.size), noise(item.disk.length, 77).subarray(writer.size)),
        ).toBe(0);
        const allocated = item.disk.filter((byte) => byte !== 0).length + 4096 * 6;
        expect(bytesRead).toBeLessThanOrEqual(source.capabilities.knowsMap ? allocated : writer.size);
        const back = await openNbdReader({ ...at(to, 'x'), ...limits(item) }, signal);
        expect((await verifyDisk({ manifest, reader: back, signal })).mismatches).toEqual([]);
        await back.close();
      } finally {
        await Promise.all([source.close(), writer.close()]);
        await Promise.all([from.stop(), to.stop()]);
      }
      expect([...from.mistakes, ...to.mistakes]).toEqual([]);
    }),
    { seed: 11, numRuns: 50 },
  );
});

async function* clipped<T extends { offset: number; length: number }>(
  extents: AsyncIterable<T>,
  size: number,
): AsyncGenerator<T> {
  for await (const extent of extents)
    if (extent.offset < size) yield { ...extent, length: Math.min(extent.length, size - extent.offset) };
}

test('reads are right, however often and wherever the connections are cut', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.array(fc.nat(30_000), { minLength: 1, maxLength: 6 }), async (item, cuts) => {
      // The first connection lives until it has shaken hands; after the listed cuts, all live.
      const cutAfter = (connection: number): number | undefined =>
        connection < cuts.length ? (connection === 0 ? 400 : 1) + (cuts[connection] ?? 0) : undefined;
      const server = await FakeNbdServer.start(served(item.disk, item, { cutAfter }));
      const reader = await openNbdReader(
        {
          ...at(server, 'x'),
          ...limits(item),
          readAttempts: 20,
          reconnectAttempts: 10,
          connectSeconds: 5,
          clock: swift,
        },
        signal,
      );
      try {
        const copy = new Uint8Array(item.disk.length);
        for await (const { offset, length, kind } of reader.extents(signal))
          if (kind === 'data') await reader.read(offset, copy.subarray(offset, offset + length), signal);
        expect(Buffer.compare(copy, item.disk)).toBe(0);
        await reader.read(0, copy.fill(0xee), signal);
        expect(Buffer.compare(copy, item.disk)).toBe(0);
      } finally {
        await reader.close();
        await server.stop();
      }
      expect(server.mistakes).toEqual([]);
    }),
    { seed: 12, numRuns: 100 },
  );
});

test('a copy onto a server that crashes anywhere either fails, or is there for good', async () => {
  let failed = 0;
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(25), async (item, crashAt) => {
      let requests = 0;
      const target = new Uint8Array(item.disk.length).fill(0xaa);
      const to = await FakeNbdServer.start(
        served(target, item, {
          onRequest: ({ type }) => {
            requests += type === 7 ? 0 : 1;
            if (requests === crashAt + 1) {
              requests += 1;
              to.crash();
              return 'hang up';
            }
            return undefined;
          },
        }),
      );
      const writer = await openNbdWriter({ ...at(to, 'x'), ...limits(item), clock: swift }, signal);
      try {
        const outcome = await wholeCopy(writer, item.disk).catch((error: unknown) => error);
        failed += outcome === undefined ? 0 : 1;
        const there = Buffer.compare(to.stable.get('x')!, item.disk) === 0;
        expect(outcome === undefined ? there : outcome instanceof NbdError && requests > crashAt).toBe(true);
      } finally {
        await writer.close();
        await to.stop();
      }
      expect(to.mistakes).toEqual([]);
    }),
    { seed: 13, numRuns: 120 },
  );
  expect(failed).toBeGreaterThan(20);
});

async function wholeCopy(writer: NbdWriter, disk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < disk.length; offset += 10_000)
    await again(() => writer.write(offset, disk.subarray(offset, offset + 10_000), signal));
  await writer.flush(signal);
}

/** As a copy engine would: what may be made again is. */
async function again(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NbdError && error.retryable) || attempt >= 5) throw error;
    }
}

test('many at once from several callers keep apart', async () => {
  const disk = noise(512 * 1024, 3);
  const server = await FakeNbdServer.start({ exports: { x: { disk } }, unruly: 99 });
  const reader = await openNbdReader(
    { ...at(server, 'x'), requestBytes: 3000, bytesInFlight: 30_000 },
    signal,
  );
  const dice = random(5);
  try {
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const offset = dice(disk.length - 20_000);
        const buffer = new Uint8Array(1 + dice(20_000));
        await reader.read(offset, buffer, signal);
        expect(Buffer.compare(buffer, disk.subarray(offset, offset + buffer.length))).toBe(0);
      }),
    );
  } finally {
    await reader.close();
    await server.stop();
  }
});
