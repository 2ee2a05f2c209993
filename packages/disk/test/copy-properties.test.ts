import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyDisk,
  rangeReader,
  verifyDisk,
  type DiskReader,
  type DiskStream,
  type DiskWriter,
  type Extent,
} from '../src/index.ts';
import { digestOf, toldDigests } from './digest-of.ts';
import { noise } from './support.ts';

const BLOCK = 64 * 1024;
const never = new AbortController().signal;
const turns = async (number: number): Promise<void> => {
  for (let turn = 0; turn < number; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Counts what is under way, so that a test can see that nothing is left behind, and injects a fault. */
class Watch {
  running = 0;
  most = 0;
  calls = 0;
  readonly failAt: number;
  readonly onFail: () => void;
  constructor(failAt = Infinity, onFail: () => void = () => undefined) {
    this.failAt = failAt;
    this.onFail = onFail;
  }
  async during(signal: AbortSignal, act: () => void): Promise<void> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      const call = this.calls;
      this.calls += 1;
      await turns((call * 5) % 3);
      if (call === this.failAt) this.onFail();
      signal.throwIfAborted();
      act();
    } finally {
      this.running -= 1;
    }
  }
}

function source(disk: Uint8Array, map: readonly Extent[] | undefined, watch: Watch): DiskReader {
  return rangeReader({
    size: disk.length,
    readRange: (offset, buffer, signal) =>
      watch.during(signal, () => buffer.set(disk.subarray(offset, offset + buffer.length))),
    ...(map ? { map: () => map } : {}),
  });
}
function stream(disk: Uint8Array, map: readonly Extent[], piece: number, watch: Watch): DiskStream {
  return {
    kind: 'stream',
    size: disk.length,
    capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
    async *chunks(signal) {
      const buffer = new Uint8Array(piece);
      for (const { offset, length } of map)
        for (let at = offset; at < offset + length; at += piece) {
          const end = Math.min(at + piece, offset + length);
          await watch.during(signal, () => undefined);
          // A rude stream: it uses its memory again. What was copied must still be what was digested.
          buffer.set(disk.subarray(at, end));
          yield { offset: at, data: buffer.subarray(0, end - at) };
          buffer.fill(0xee);
        }
    },
    async close() {},
  };
}
function target(disk: Uint8Array, randomAccess: boolean, readsAsZero: boolean, watch: Watch): DiskWriter {
  let at = 0;
  const check = (offset: number, length: number): void => {
    if (randomAccess) return;
    if (offset < at) throw new Error(`out of order: ${offset} after ${at}`);
    at = offset + length;
  };
  return {
    size: disk.length,
    capabilities: { randomAccess, readsAsZero, needsMap: false },
    write: (offset, data, signal) =>
      watch.during(signal, () => {
        check(offset, data.length);
        disk.set(data, offset);
      }),
    zero: (offset, length, signal) =>
      watch.during(signal, () => {
        check(offset, length);
        disk.fill(0, offset, offset + length);
      }),
    flush: (signal) => watch.during(signal, () => undefined),
    async close() {},
  };
}

interface Case {
  readonly disk: Uint8Array;
  readonly map: readonly Extent[];
  readonly kind: 'reader' | 'mapped' | 'stream';
  readonly randomAccess: boolean;
  readonly readsAsZero: boolean;
  readonly chunkSize: number;
  readonly inFlight: number;
  readonly piece: number;
}
const cases: fc.Arbitrary<Case> = fc
  .record({
    size: fc.integer({ min: 1, max: 12 * BLOCK }),
    cuts: fc.array(fc.record({ gap: fc.nat(2 * BLOCK), length: fc.integer({ min: 1, max: 3 * BLOCK }) }), {
      maxLength: 5,
    }),
    kind: fc.constantFrom('reader' as const, 'mapped' as const, 'stream' as const),
    randomAccess: fc.boolean(),
    readsAsZero: fc.boolean(),
    chunkSize: fc.constantFrom(BLOCK, 2 * BLOCK, 16 * BLOCK),
    inFlight: fc.integer({ min: 1, max: 5 }),
    piece: fc.constantFrom(5000, BLOCK, 100_000),
  })
  .map(({ size, cuts, ...rest }) => {
    const disk = new Uint8Array(size);
    const map: Extent[] = [];
    let at = 0;
    for (const { gap, length } of cuts) {
      const offset = at + gap;
      const end = Math.min(size, offset + length);
      if (offset >= end) break;
      map.push({ offset, length: end - offset });
      // A third of the extents that the map calls data is zero.
      if (map.length % 3 !== 0) disk.set(noise(end - offset, map.length), offset);
      at = end;
    }
    return { disk, map, ...rest };
  });

function prepare(item: Case, sourceWatch: Watch, targetWatch: Watch) {
  const copy = new Uint8Array(item.disk.length).fill(item.readsAsZero ? 0 : 0xaa);
  const from =
    item.kind === 'stream'
      ? stream(item.disk, item.map, item.piece, sourceWatch)
      : source(item.disk, item.kind === 'mapped' ? item.map : undefined, sourceWatch);
  const to = target(copy, item.randomAccess, item.readsAsZero, targetWatch);
  return {
    copy,
    job: {
      source: from,
      target: to,
      chunkSize: item.chunkSize,
      depth: { first: item.inFlight, most: item.inFlight },
    },
  };
}

test('every copy is byte for byte, its digests are those of the bytes written, and verify agrees', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (item) => {
      const watches = [new Watch(), new Watch()] as const;
      const { copy, job } = prepare(item, ...watches);
      const seen: number[] = [];
      const result = await copyDisk({
        ...job,
        signal: never,
        onProgress: ({ bytesDone }) => seen.push(bytesDone),
      });
      expect(Buffer.compare(copy, item.disk)).toBe(0);
      const { pieces, key, ...rest } = result.manifest;
      expect(rest).toEqual({ size: copy.length, chunkSize: item.chunkSize, algorithm: 'aes-128-gmac' });
      const told = toldDigests(pieces);
      for (let at = 0; at < copy.length; at += item.chunkSize) {
        const chunk = copy.subarray(at, at + item.chunkSize);
        expect(told.get(at / item.chunkSize)).toBe(digestOf(chunk, key));
      }
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(seen.at(-1)).toBe(copy.length);
      const mapped = item.map.reduce((sum, { length }) => sum + length, 0);
      expect(result.bytesRead).toBe(item.kind === 'reader' ? copy.length : mapped);
      expect(result.bytesWritten + result.bytesZero).toBe(copy.length);
      expect(watches.map(({ running }) => running)).toEqual([0, 0]);
      expect(watches[0].most).toBeLessThanOrEqual(item.inFlight);
      expect(watches[1].most).toBeLessThanOrEqual(item.randomAccess ? item.inFlight : 1);
      const reader = source(copy, undefined, new Watch());
      const verified = await verifyDisk({ manifest: result.manifest, reader, signal: never });
      expect(verified).toEqual({ mismatches: [], bytesChecked: copy.length });
    }),
    { numRuns: 120 },
  );
});

test('a fault anywhere ends the copy with that fault and leaves nothing running', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(12), fc.boolean(), async (item, failAt, inSource) => {
      const fail = (): void => {
        throw new Error('injected');
      };
      const sourceWatch = inSource ? new Watch(failAt, fail) : new Watch();
      const targetWatch = inSource ? new Watch() : new Watch(failAt, fail);
      const { job, copy } = prepare(item, sourceWatch, targetWatch);
      const outcome = await copyDisk({ ...job, signal: never }).catch((error: unknown) => error);
      expect([sourceWatch.running, targetWatch.running]).toEqual([0, 0]);
      const hit = (inSource ? sourceWatch : targetWatch).calls > failAt;
      expect(outcome instanceof Error ? outcome.message : Buffer.compare(copy, item.disk)).toBe(
        hit ? 'injected' : 0,
      );
      const calls = sourceWatch.calls + targetWatch.calls;
      await turns(5);
      expect(sourceWatch.calls + targetWatch.calls).toBe(calls);
    }),
    { numRuns: 150 },
  );
});

test('an abort anywhere ends the copy with its reason and leaves nothing running', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(12), fc.boolean(), async (item, abortAt, inSource) => {
      const controller = new AbortController();
      const abort = (): void => controller.abort(new Error('told to stop'));
      const sourceWatch = inSource ? new Watch(abortAt, abort) : new Watch();
      const targetWatch = inSource ? new Watch() : new Watch(abortAt, abort);
      const { job } = prepare(item, sourceWatch, targetWatch);
      const outcome = await copyDisk({ ...job, signal: controller.signal }).catch((error: unknown) => error);
      expect([sourceWatch.running, targetWatch.running]).toEqual([0, 0]);
      const ended = outcome instanceof Error ? outcome.message : 'copied';
      expect(ended).toBe(controller.signal.aborted ? 'told to stop' : 'copied');
    }),
    { numRuns: 150 },
  );
});

test('memory is flat: no more chunks are out than allowed, however slow the target', async () => {
  const chunkSize = BLOCK;
  const size = 300 * chunkSize;
  let out = 0;
  let most = 0;
  const reader = rangeReader({
    size,
    async readRange(_offset, buffer) {
      out += 1;
      most = Math.max(most, out);
      buffer.fill(1);
    },
  });
  const writer: DiskWriter = {
    size,
    capabilities: { randomAccess: false, readsAsZero: true, needsMap: false },
    async write() {
      await turns(3);
      out -= 1;
    },
    async zero() {},
    async flush() {},
    async close() {},
  };
  await copyDisk({ source: reader, target: writer, chunkSize, depth: { first: 4, most: 4 }, signal: never });
  expect(out).toBe(0);
  expect(most).toBeLessThanOrEqual(5);
});
