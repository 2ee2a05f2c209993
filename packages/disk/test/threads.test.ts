import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { hasLibdeflate, InflateThreads, rawImageStream } from '../src/index.ts';
import type { InflateThreadsOptions } from '../src/threads/inflate-threads.ts';
import { sharedBytes } from '../src/threads/shared-bytes.ts';
import { sha512Of } from '../src/threads/sha512.ts';
import { Thread } from '../src/threads/thread.ts';
import { noise } from './support.ts';

const MIB = 1024 * 1024;
const { signal } = new AbortController();

/** A batch of these grains, of 4096 bytes each, and what is wanted of each. */
function batch(grains: readonly Uint8Array[], wanted = 4096) {
  const input = sharedBytes(64 * 1024);
  const places = new Uint32Array(4 * grains.length);
  let at = 0;
  for (const [index, bytes] of grains.entries()) {
    input.set(bytes, at);
    places.set([at, bytes.length, index * wanted, wanted], 4 * index);
    at += bytes.length;
  }
  return { input, output: sharedBytes(grains.length * wanted), places, grainBytes: 4096 };
}

function inflating(options?: InflateThreadsOptions): InflateThreads {
  const threads = new InflateThreads(options);
  onTestFinished(() => threads.close());
  return threads;
}

test.runIf(process.env['GUTS_REQUIRE_TOOLS'] === '1')('libdeflate is there', async () => {
  expect(await hasLibdeflate()).toBe(true);
});

test('threads inflate by what the host is said to have', async () => {
  const request = () => batch([deflateSync(noise(4096))]);
  const has = (await hasLibdeflate()) ? 'libdeflate' : 'zlib';
  expect((await inflating().inflate(request())).by).toBe(has);
  expect((await inflating({ libdeflate: 'libnowhere.so.0' }).inflate(request())).by).toBe('zlib');
});

/** With what a host may have. */
const WAYS: readonly (readonly [string, InflateThreadsOptions])[] = [
  ['zlib', { libdeflate: null }],
  ['a library that is not there', { libdeflate: 'libnowhere.so.0' }],
  ['libdeflate', {}],
];

test.for(WAYS)('by %s a batch is inflated in memory that is shared', async ([, way]) => {
  const threads = inflating(way);
  const grains = [1, 2, 3].map((seed) => noise(4096, seed));
  const request = batch(grains.map((grain) => deflateSync(grain)));
  const { bad } = await threads.inflate(request);
  expect(bad).toBeNull();
  expect(Buffer.compare(request.output, Buffer.concat(grains))).toBe(0);
});

test.for(WAYS)('by %s of a batch the first grain that is not sound is told', async ([, way]) => {
  const threads = inflating(way);
  const sound = deflateSync(noise(4096));
  const cases = [
    [sound.subarray(0, -10), 'does not inflate (unexpected end of file)'],
    [deflateSync(noise(4097)), 'does not inflate (Cannot create a Buffer larger than 4096 bytes)'],
    [
      deflateSync(new Uint8Array(64 * MIB)),
      'does not inflate (Cannot create a Buffer larger than 4096 bytes)',
    ],
    [deflateSync(noise(4095)), 'inflates to 4095 bytes instead of 4096'],
    [new Uint8Array(20), 'does not inflate (unknown compression method)'],
  ] as const;
  for (const [grain, reason] of cases) {
    const { bad } = await threads.inflate(batch([sound, grain.subarray(0, 16_384), new Uint8Array(3)]));
    expect(bad).toEqual({ grain: 1, reason });
  }
});

test('whatever a grain holds, libdeflate says of it what zlib does', async () => {
  const [zlib, libdeflate] = [inflating({ libdeflate: null }), inflating()];
  const content = fc.oneof(
    fc.uint8Array({ minLength: 0, maxLength: 5000 }),
    fc.nat(5000).map((length) => Uint8Array.from({ length }, (_, at) => (at >> 5) & 255)),
  );
  const spoilt = fc.array(fc.tuple(fc.nat(6000), fc.integer({ min: 1, max: 255 })), { maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.integer({ min: 0, max: 9 }),
      spoilt,
      fc.nat(20),
      async (bytes, level, flips, cut) => {
        const packed = deflateSync(bytes, { level }).subarray(0, cut < 10 ? -cut || undefined : undefined);
        for (const [at, bits] of flips) if (at < packed.length) packed[at] = (packed[at] ?? 0) ^ bits;
        const wanted = Math.min(4096, bytes.length);
        const [one, other] = [batch([packed], wanted), batch([packed], wanted)];
        const { bad } = await zlib.inflate(one);
        expect((await libdeflate.inflate(other)).bad).toEqual(bad);
        // Of a grain that is not sound nothing is used.
        const same = bad !== null || Buffer.compare(other.output, one.output) === 0;
        expect(same).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('many batches at once are all answered, each by its own', async () => {
  const threads = inflating();
  const all = Array.from({ length: 40 }, (_, seed) => batch([deflateSync(noise(4096, seed + 1))]));
  await Promise.all(all.map((one) => threads.inflate(one)));
  for (const [seed, { output }] of all.entries())
    expect(Buffer.compare(output, noise(4096, seed + 1))).toBe(0);
});

test('threads that were closed, or fail, answer by an error', async () => {
  const threads = new InflateThreads();
  const pending = threads.inflate(batch([deflateSync(noise(4096))])).catch((error: unknown) => error);
  await threads.close();
  expect(await pending).toMatchObject({ code: 'disk_thread' });
  await expect(threads.inflate(batch([]))).rejects.toMatchObject({ code: 'disk_thread' });

  const broken = new Thread(new URL('data:text/javascript,throw new Error("broken")'));
  await expect(broken.ask(null)).rejects.toThrow('a thread failed: broken');
  await expect(broken.ask(null)).rejects.toThrow('a thread failed: broken');
  const ended = new Thread(new URL('data:text/javascript,process.exit()'));
  await expect(ended.ask(null)).rejects.toThrow('a thread ended');
});

test.for([10, 40 * MIB])('the digest of %i bytes is that of the bytes in their order', async (length) => {
  const sha512 = sha512Of(length);
  onTestFinished(() => sha512.close());
  const bytes = noise(100_000);
  const expected = createHash('sha512');
  for (let at = 0; at < 20; at += 1) {
    expected.update(bytes.subarray(at));
    void sha512.add(bytes.subarray(at));
  }
  expect(await sha512.digest()).toBe(expected.digest('hex'));
});

test('an image that is digested by a thread has the digest of the bytes that were sent, and few of them wait', async () => {
  const size = 40 * MIB;
  const image = rawImageStream({ size });
  const hash = createHash('sha512');
  const memories = new Set<ArrayBufferLike>();
  const received = (async () => {
    for await (const piece of image.body) {
      hash.update(piece);
      memories.add(piece.buffer);
    }
  })();
  const data = noise(4 * MIB);
  for (let at = 0; at < size; at += data.length) {
    data.fill(at / data.length, 0, 1000);
    await image.writer.write(at, data, signal);
    // The writer has it no more.
    data.fill(0xee, 0, 1000);
  }
  await image.writer.flush(signal);
  await received;
  expect(await image.done).toEqual({ bytesSent: size, sha512: hash.digest('hex') });
  expect(memories.size).toBe(3);
});

test('an image that breaks off while a thread digests it ends its writer and its receiver', async () => {
  const image = rawImageStream({ size: 40 * MIB });
  const stop = new AbortController();
  const received = (async () => {
    let pieces = 0;
    for await (const piece of image.body) {
      pieces += piece.length > 0 ? 1 : 0;
      if (pieces === 3) stop.abort(new Error('told to stop'));
    }
  })().catch((error: unknown) => error);
  await expect(image.writer.write(0, noise(8 * MIB), stop.signal)).rejects.toThrow('told to stop');
  expect(await received).toEqual(new Error('told to stop'));
  await expect(image.done).rejects.toThrow('told to stop');
});
