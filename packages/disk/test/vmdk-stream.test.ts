import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  CorruptDiskError,
  DiskError,
  DiskSizeError,
  InflateThreads,
  openStreamVmdk,
  type StreamVmdkOptions,
  UnsupportedDiskError,
} from '../src/index.ts';
import { noise } from './support.ts';
import { encodeStreamVmdk, type EncodeOptions } from './vmdk-encoder.ts';

const { signal } = new AbortController();
/** Of all streams that have not their own. */
const threads = new InflateThreads();
afterAll(() => threads.close());

/** Gives the bytes in pieces whose lengths repeat `cuts`. */
async function* pieces(bytes: Uint8Array, cuts: readonly number[] = [4096]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const length = cuts[turn % cuts.length] ?? 4096;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The same in one memory that is used again for each piece, as a source may. */
async function* reusing(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(...cuts));
  for await (const piece of pieces(bytes, cuts)) {
    memory.fill(0xee);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
  }
}

async function decode(
  source: AsyncIterable<Uint8Array>,
  options: StreamVmdkOptions = {},
): Promise<Uint8Array> {
  const stream = await openStreamVmdk(source, { threads, ...options });
  const disk = new Uint8Array(stream.size);
  let end = 0;
  for await (const { offset, data } of stream.chunks(signal)) {
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + data.length;
    disk.set(data, offset);
  }
  return disk;
}

function isSame(outcome: unknown, disk: Uint8Array): boolean {
  return outcome instanceof Uint8Array && Buffer.compare(outcome, disk) === 0;
}

interface Sample {
  readonly disk: Uint8Array;
  readonly options: EncodeOptions;
}
/** Small disks with random extents of noise, text and zeros, in any grain size. */
const sample: fc.Arbitrary<Sample> = fc
  .record({
    sectors: fc.integer({ min: 1, max: 400 }),
    extents: fc.array(
      fc.record({ at: fc.nat(399), length: fc.integer({ min: 1, max: 60 }), fill: fc.nat(4) }),
      { maxLength: 6 },
    ),
    options: fc.record({
      grainSectors: fc.constantFrom(1, 2, 3, 8, 16, 24, 128),
      entriesPerTable: fc.constantFrom(1, 4, 7, 128, 512),
      directory: fc.constantFrom('end' as const, 'front' as const),
      version: fc.constantFrom(1, 2, 3),
      shortLast: fc.boolean(),
      level: fc.constantFrom(0, 1, 9),
    }),
  })
  .map(({ sectors, extents, options }) => {
    const disk = new Uint8Array(sectors * 512);
    for (const { at, length, fill } of extents) {
      const part = disk.subarray(at * 512, (at + length) * 512);
      part.set(fill > 2 ? noise(part.length, at + 1) : new Uint8Array(part.length).fill(fill));
    }
    return { disk, options };
  });

/** However grains are put together. */
const shape = fc.record({
  batchBytes: fc.constantFrom(1, 4096, 65_536, 1024 * 1024),
  inFlight: fc.integer({ min: 1, max: 4 }),
  reused: fc.boolean(),
});

test('any disk comes back as it was, however the stream is laid out and cut', async () => {
  const cuts = fc.array(fc.constantFrom(1, 5, 11, 12, 13, 511, 512, 513, 4000, 65_536), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(sample, cuts, shape, async ({ disk, options }, lengths, given) => {
      const { bytes } = encodeStreamVmdk(disk, options);
      const source = given.reused ? reusing(bytes, lengths) : pieces(bytes, lengths);
      expect(Buffer.compare(await decode(source, given), disk)).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test('a stream cut anywhere is refused, unless all its grains are proven by a directory in front', async () => {
  await fc.assert(
    fc.asyncProperty(
      sample,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (item, part) => {
        const { bytes } = encodeStreamVmdk(item.disk, item.options);
        const cut = bytes.subarray(0, Math.floor(bytes.length * part));
        const outcome = await decode(pieces(cut)).catch((error: unknown) => error);
        // With the directory in front it proves all grains; only the end marker or padding can be missing.
        const proven = item.options.directory === 'front' && isSame(outcome, item.disk);
        expect(proven || outcome instanceof CorruptDiskError).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test('a stream with its directory at the end is refused when cut at or inside any marker', async () => {
  const disk = new Uint8Array(40 * 512);
  disk.set(noise(5 * 512), 3 * 512);
  disk.set(noise(8 * 512, 2), 30 * 512);
  const { bytes, markers } = encodeStreamVmdk(disk, { grainSectors: 2, entriesPerTable: 4 });
  const kinds = 'grain grain grain table grain table grain grain grain table directory footer end';
  expect(markers.map(({ kind }) => kind).join(' ')).toBe(kinds);
  for (const { at } of markers)
    for (const cut of [at, at + 1, at + 12, at + 511]) {
      const failure = await decode(pieces(bytes.subarray(0, cut))).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CorruptDiskError);
      expect((failure as CorruptDiskError).position).toBeLessThanOrEqual(cut);
    }
  expect(Buffer.compare(await decode(pieces(bytes)), disk)).toBe(0);
});

test('a flipped bit is detected or harmless, never a wrong disk', async () => {
  let detected = 0;
  await fc.assert(
    fc.asyncProperty(sample, fc.nat(), fc.nat(7), async ({ disk, options }, where, bit) => {
      const bytes = Uint8Array.from(encodeStreamVmdk(disk, options).bytes);
      const at = where % bytes.length;
      bytes[at] = bytes[at]! ^ (1 << bit);
      const outcome = await decode(pieces(bytes), { expectedSize: disk.length }).catch(
        (error: unknown) => error,
      );
      detected += outcome instanceof DiskError ? 1 : 0;
      expect(outcome instanceof DiskError || isSame(outcome, disk)).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(detected).toBeGreaterThan(50);
});

test('a whole grain, or a table, lost or doubled on the way is detected', async () => {
  const disk = noise(64 * 512);
  const { bytes, markers } = encodeStreamVmdk(disk, { grainSectors: 8, entriesPerTable: 4 });
  for (const [index, { at, kind }] of markers.entries()) {
    const next = markers[index + 1]?.at ?? bytes.length;
    if (kind === 'end') continue;
    const without = Buffer.concat([bytes.subarray(0, at), bytes.subarray(next)]);
    await expect(decode(pieces(without)), `${kind} ${index} lost`).rejects.toThrow(CorruptDiskError);
    const doubled = Buffer.concat([bytes.subarray(0, next), bytes.subarray(at)]);
    await expect(decode(pieces(doubled)), `${kind} ${index} doubled`).rejects.toThrow(CorruptDiskError);
  }
});

test('a stream with its directory in front is refused when it ends between two grains', async () => {
  const disk = noise(40 * 512);
  const { bytes, markers } = encodeStreamVmdk(disk, {
    grainSectors: 8,
    entriesPerTable: 3,
    directory: 'front',
  });
  for (const { at, kind } of markers) {
    const outcome = await decode(pieces(bytes.subarray(0, at))).catch((error: unknown) => error);
    expect(kind === 'end' ? isSame(outcome, disk) : outcome instanceof CorruptDiskError).toBe(true);
  }
});

test('a grain that claims another place than its table gives it is detected', async () => {
  const disk = new Uint8Array(40 * 512);
  disk.set(noise(512), 8 * 512);
  for (const directory of ['end', 'front'] as const) {
    const { bytes, markers } = encodeStreamVmdk(disk, { grainSectors: 8, entriesPerTable: 3, directory });
    const moved = Buffer.from(bytes);
    moved.writeBigUInt64LE(16n, markers.find(({ kind }) => kind === 'grain')!.at);
    await expect(decode(pieces(moved))).rejects.toThrow('not those of grain table 0');
  }
});

test('a grain that inflates beyond its size is stopped there', async () => {
  const bomb = encodeStreamVmdk(new Uint8Array(2048 * 512).fill(1), { grainSectors: 2048 }).bytes;
  const bytes = Buffer.from(bomb);
  bytes.writeBigUInt64LE(128n, 20);
  await expect(decode(pieces(bytes))).rejects.toThrow(/does not inflate/);
});

test('what came before a cut or a bad grain is given first, in order, however grains are put together', async () => {
  const disk = noise(10 * 4096);
  const { bytes, markers } = encodeStreamVmdk(disk, { grainSectors: 8 });
  const grains = markers.filter(({ kind }) => kind === 'grain').map(({ at }) => at);
  const [fourth = 0, eighth = 0] = [grains[3], grains[7]];
  const cut = bytes.subarray(0, fourth + 100);
  const bad = Uint8Array.from(bytes)
    .fill(0, fourth + 12, fourth + 40)
    .fill(0, eighth + 12, eighth + 40);
  for (const [stream, reason] of [
    [cut, 'inside a grain'],
    [bad, `at byte ${fourth}: a grain does not inflate`],
  ] as const)
    for (const batchBytes of [4096, 3 * 4096, 8 * 4096]) {
      const opened = await openStreamVmdk(pieces(stream), { threads, batchBytes });
      let end = 0;
      const reading = async (): Promise<void> => {
        for await (const { offset, data } of opened.chunks(signal)) {
          expect(Buffer.compare(data, disk.subarray(offset, offset + data.length))).toBe(0);
          end = offset + data.length;
        }
      };
      await expect(reading()).rejects.toThrow(reason);
      // Of a batch with a bad grain nothing is given.
      const whole = stream === bad ? Math.floor((3 * 4096) / batchBytes) * batchBytes : 3 * 4096;
      expect(end).toBe(whole);
    }
});

test('data after the end, and a wrong size, are refused', async () => {
  const { bytes } = encodeStreamVmdk(noise(64 * 512));
  await expect(decode(pieces(Buffer.concat([bytes, Buffer.from([1])])))).rejects.toThrow(
    'after the end-of-stream',
  );
  await expect(openStreamVmdk(pieces(bytes), { expectedSize: 512 })).rejects.toThrow(DiskSizeError);
});

test('what is not a streamOptimized VMDK is refused with its reason', async () => {
  const { bytes } = encodeStreamVmdk(noise(512));
  const changed = (at: number, value: number) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = value;
    return openStreamVmdk(pieces(copy));
  };
  await expect(openStreamVmdk(pieces(new Uint8Array(10)))).rejects.toThrow('ends inside the header');
  await expect(changed(0, 0)).rejects.toThrow('no KDMV magic');
  await expect(changed(4, 4)).rejects.toThrow(UnsupportedDiskError);
  await expect(changed(10, 0)).rejects.toThrow('not streamOptimized');
  await expect(changed(75, 10)).rejects.toThrow('line ends');
  await expect(changed(77, 2)).rejects.toThrow('compression 2');
});

test('the source is pulled no further than the consumer asks, and is closed when it stops', async () => {
  const { bytes } = encodeStreamVmdk(noise(400 * 512), { grainSectors: 8 });
  let given = 0;
  let closed = false;
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of pieces(bytes, [512])) {
        given += piece.length;
        yield piece;
      }
    } finally {
      closed = true;
    }
  }
  const stream = await openStreamVmdk(counted(), { inFlight: 3, batchBytes: 4096 });
  expect(given).toBe(512);
  for await (const { data } of stream.chunks(signal)) {
    expect(data.length).toBe(4096);
    break;
  }
  expect(given).toBeLessThan(8 * 512 + 4 * 5000);
  expect(closed).toBe(true);
});

test('an abort ends a stream whose source has stalled', async () => {
  const { bytes } = encodeStreamVmdk(noise(400 * 512), { grainSectors: 8 });
  async function* stalling(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 20_000);
    await new Promise(() => undefined);
  }
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('told to stop'));
  const stream = await openStreamVmdk(stalling(), { inFlight: 1, batchBytes: 4096 });
  const reading = (async () => {
    for await (const { offset } of stream.chunks(controller.signal)) if (offset === 4096) setImmediate(abort);
  })();
  await expect(reading).rejects.toThrow('told to stop');
});
