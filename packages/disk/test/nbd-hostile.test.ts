import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NbdError, openNbdReader } from '../src/index.ts';
import { at, reading, serve, signal, turnsUntil } from './nbd-rig.ts';
import { chunk, dataChunk, errorChunk, holeChunk, simpleReply, statusChunk } from './nbd-messages.ts';
import { FakeNbdServer, type FakeOptions, type FakeReply, type FakeRequest } from './nbd-server.ts';
import { collect, noise } from './support.ts';

const disk = noise(65_536, 7);
const one = { connections: 1, readAttempts: 1 } as const;
/** The error of reading bytes 1000 to 1100 from a server that replies like this. */
async function readError(
  reply: (request: FakeRequest) => FakeReply,
  more: Partial<FakeOptions> = {},
): Promise<NbdError> {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: (request) => (request.type === 0 ? reply(request) : undefined),
    ...more,
  });
  const reader = await reading(server, one);
  const error = await reader.read(1000, new Uint8Array(100), signal).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NbdError);
  await reader.close();
  await turnsUntil(() => server.open === 0);
  return error as NbdError;
}
const part = disk.subarray(1000, 1100);

test.each<[string, (request: FakeRequest) => FakeReply, string]>([
  ['no magic', () => [Buffer.alloc(16)], 'magic'],
  ['an unknown cookie', ({ cookie }) => [dataChunk(cookie + 1n, true, 1000, part)], 'does not wait'],
  ['a huge cookie', () => [dataChunk(2n ** 64n - 1n, true, 1000, part)], 'does not wait'],
  [
    'a simple reply with data',
    ({ cookie }) => [simpleReply(cookie, 0, Buffer.from(part))],
    'no structured reply',
  ],
  ['a simple reply with an error', ({ cookie }) => [simpleReply(cookie, 5)], 'no structured reply'],
  ['data before the request', ({ cookie }) => [dataChunk(cookie, true, 999, part)], 'bytes 999'],
  ['data behind the request', ({ cookie }) => [dataChunk(cookie, true, 1001, part)], 'bytes 1001'],
  ['data far away', ({ cookie }) => [chunk(cookie, true, 1, Buffer.alloc(108, 0xff))], 'bytes'],
  [
    'more data than asked for',
    ({ cookie }) => [dataChunk(cookie, true, 1000, disk.subarray(0, 101))],
    '109 bytes',
  ],
  ['no data', ({ cookie }) => [dataChunk(cookie, true, 1000, new Uint8Array(0))], 'has 8 bytes'],
  ['too little data', ({ cookie }) => [dataChunk(cookie, true, 1000, part.subarray(1))], 'sends 99 bytes'],
  ['nothing at all', ({ cookie }) => [chunk(cookie, true, 0)], 'sends 0 bytes'],
  ['an end that is none', ({ cookie }) => [chunk(cookie, false, 0)], 'type 0'],
  ['an end with data', ({ cookie }) => [chunk(cookie, true, 0, Buffer.alloc(1))], 'type 0'],
  ['a hole of nothing', ({ cookie }) => [holeChunk(cookie, true, 1000, 0)], 'no bytes'],
  ['a hole beyond', ({ cookie }) => [holeChunk(cookie, true, 1000, 2 ** 31)], 'bytes 1000 to'],
  ['a hole of wrong length', ({ cookie }) => [chunk(cookie, true, 2, Buffer.alloc(13))], 'has 13 bytes'],
  [
    'the same bytes twice',
    ({ cookie }) => [dataChunk(cookie, false, 1000, part), holeChunk(cookie, true, 1050, 10)],
    'twice',
  ],
  ['an unknown chunk', ({ cookie }) => [chunk(cookie, true, 99)], 'unknown type 99'],
  ['block status', ({ cookie }) => [statusChunk(cookie, true, 7, [[100, 0]])], 'type 5'],
  ['no error', ({ cookie }) => [errorChunk(cookie, 0)], 'cannot be read'],
  ['an error elsewhere', ({ cookie }) => [errorChunk(cookie, 5, '', 5000)], 'error at byte 5000'],
  [
    'an error cut off',
    ({ cookie }) => [chunk(cookie, true, 0x8001, Buffer.from([0, 0, 0, 5, 0, 9]))],
    'cannot be read',
  ],
  [
    'an endless error',
    ({ cookie }) => [chunk(cookie, true, 0x8001, Buffer.alloc(5000, 1))],
    'has 5000 bytes',
  ],
  [
    'errors without end',
    ({ cookie }) =>
      Array.from({ length: 1100 }, () => {
        const bytes = errorChunk(cookie, 5);
        bytes.writeUInt16BE(0, 4);
        return bytes;
      }),
    'no end',
  ],
])('a server that breaks the protocol is left: %s', async (_name, reply, why) => {
  const error = await readError(reply);
  expect(error).toMatchObject({ code: 'nbd_protocol', retryable: false });
  expect(error.message).toContain(why);
});

test('structured replies that were not agreed on are refused', async () => {
  const error = await readError(({ cookie }) => [dataChunk(cookie, true, 1000, part)], {
    refuse: { 8: 0x80000001 },
  });
  expect(error).toMatchObject({ code: 'nbd_protocol' });
});

test('what a server says of an error is told in printable words of bounded length', async () => {
  const told = await readError(({ cookie }) => [
    errorChunk(cookie, 5, `bad\u0007 sector\n${'x'.repeat(4000)}`, 1050),
  ]);
  expect(told).toMatchObject({ code: 'nbd_io', retryable: true, errno: 'EIO' });
  expect(told.message).toMatch(/read bytes 1000 to 1100: EIO \(bad sector xxx/);
  expect(told.message.length).toBeLessThan(400);
  // An error type of the future is an error all the same, and the connection goes on.
  expect(
    await readError(({ cookie }) => [chunk(cookie, true, 0x8077, Buffer.from([0, 0, 0, 28, 0, 0, 9]))]),
  ).toMatchObject({ code: 'nbd_no_space' });
});

test.each<[string, (request: FakeRequest) => FakeReply, string]>([
  ['no extent', ({ cookie }) => [chunk(cookie, true, 5, Buffer.from([0, 0, 0, 7]))], 'has 4 bytes'],
  ['half an extent', ({ cookie }) => [chunk(cookie, true, 5, Buffer.alloc(16))], 'has 16 bytes'],
  ['an extent of nothing', ({ cookie }) => [statusChunk(cookie, true, 7, [[0, 0]])], 'no bytes'],
  ['an unknown context', ({ cookie }) => [statusChunk(cookie, true, 8, [[100, 0]])], 'not agreed on'],
  [
    'a context twice',
    ({ cookie }) => [statusChunk(cookie, false, 7, [[100, 0]]), statusChunk(cookie, true, 7, [[100, 0]])],
    'twice',
  ],
  ['no context', ({ cookie }) => [chunk(cookie, true, 0)], 'not in every way'],
  ['a plain yes', ({ cookie }) => [simpleReply(cookie)], 'not in every way'],
  [
    'too many extents',
    ({ cookie }) => {
      const bytes = statusChunk(cookie, true, 7, [[1, 0]]);
      bytes.writeUInt32BE(4 + 8 * (2 ** 20 + 1), 16);
      return [bytes];
    },
    'has 8388620 bytes',
  ],
])('a map that cannot be is refused: %s', async (_name, reply, why) => {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: (request) => (request.type === 7 ? reply(request) : undefined),
  });
  const reader = await reading(server, one);
  const error: unknown = await collect(reader.extents(signal)).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'nbd_protocol' });
  expect((error as Error).message).toContain(why);
});

test('bytes that anything may have happened to end in a typed error or in data, never in waiting', async () => {
  const mangle = fc.record({ at: fc.nat(2000), value: fc.nat(255), cut: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(mangle, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (changes, structured) => {
        const server = await FakeNbdServer.start({
          exports: { '': { disk } },
          ...(structured ? {} : { refuse: { 8: 0x80000001 } }),
          onRequest: ({ type, cookie }) => {
            if (type !== 0) return undefined;
            const data = disk.subarray(1000, 2000);
            const honest = structured
              ? Buffer.concat([
                  dataChunk(cookie, false, 1500, data.subarray(500)),
                  dataChunk(cookie, true, 1000, data.subarray(0, 500)),
                ])
              : simpleReply(cookie, 0, Buffer.from(data));
            let bytes = honest;
            for (const { at: where, value, cut } of changes) {
              if (cut)
                bytes = Buffer.concat([
                  bytes.subarray(0, where % bytes.length),
                  Buffer.from([value]),
                  bytes.subarray(where % bytes.length),
                ]);
              else bytes[where % bytes.length] = value;
            }
            return [bytes];
          },
        });
        try {
          const reader = await openNbdReader({ ...at(server), ...one, stallSeconds: 0.03 }, signal);
          const outcome: unknown = await reader
            .read(1000, new Uint8Array(1000), signal)
            .catch((error: unknown) => error);
          expect(outcome === undefined || outcome instanceof NbdError).toBe(true);
          await reader.close();
        } finally {
          await server.stop();
        }
      },
    ),
    { seed: 6, numRuns: 120 },
  );
});

test('a flood of replies to one request is refused before it fills memory', async () => {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: ({ type, cookie }) =>
      type === 0 ? Array.from({ length: 300 }, () => dataChunk(cookie, false, 0, disk)) : undefined,
  });
  const reader = await reading(server, one);
  await expect(reader.read(0, new Uint8Array(65_536), signal)).rejects.toMatchObject({
    code: 'nbd_protocol',
  });
});
