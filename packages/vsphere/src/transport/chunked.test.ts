import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { ChunkedBody } from './chunked.ts';

/** A body in chunks of these lengths, and the data in it. */
function encode(
  lengths: readonly number[],
  extension: string,
  trailer: string,
): { body: Buffer; data: Buffer } {
  const chunks = lengths.map((length, at) =>
    Buffer.from(Array.from({ length }, (_, i) => (i * 7 + at) & 255)),
  );
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return { body: Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]), data: Buffer.concat(chunks) };
}

function decode(pieces: Iterable<Uint8Array>): { data: Buffer; over: boolean } {
  const parts: Buffer[] = [];
  const body = new ChunkedBody('host', (bytes) => parts.push(Buffer.from(bytes)));
  for (const piece of pieces) body.add(piece);
  return { data: Buffer.concat(parts), over: body.over };
}

function* cut(bytes: Buffer, at: readonly number[]): Generator<Buffer> {
  const cuts = [0, ...at.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let i = 1; i < cuts.length; i += 1) yield bytes.subarray(cuts[i - 1], cuts[i]);
}

const bodies = fc
  .record({
    lengths: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 }),
    extension: fc.constantFrom('', ';a=b', ' ;"x"'),
    trailer: fc.constantFrom('', 'Digest: x\r\n', 'A: b\r\nC: d\r\n'),
  })
  .map(({ lengths, extension, trailer }) => encode(lengths, extension, trailer));

test('a body in chunks comes out as it was, wherever it is cut', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 6 }), ({ body, data }, at) => {
      expect(decode(cut(body, at))).toEqual({ data, over: true });
    }),
  );
});

test('a body that ends anywhere before its end is not over, and what came of it is right', () => {
  fc.assert(
    fc.property(
      bodies,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      ({ body, data }, part) => {
        const { data: came, over } = decode([body.subarray(0, Math.floor(body.length * part))]);
        expect(over).toBe(false);
        expect(data.subarray(0, came.length)).toEqual(came);
      },
    ),
  );
});

test.for([
  ['no size', 'x\r\n'],
  ['an empty size', '\r\n'],
  ['a size that is negative', '-1\r\n'],
  ['a size that is larger than any disk', `${'f'.repeat(13)}\r\n`],
  ['a line without CR', '1\na\r\n'],
  ['a chunk that goes on behind its size', '1\r\nab\r\n'],
  ['bytes behind the end', '0\r\n\r\nHTTP/1.1 200 OK'],
  ['a line without end', '1;'.padEnd(5000, 'x')],
  ['a trailer without end', `0\r\n${'A: b\r\n'.repeat(5000)}`],
] as const)('%s is an error', ([, text]) => {
  expect(() => decode([Buffer.from(text)])).toThrow(ProtocolError);
});
