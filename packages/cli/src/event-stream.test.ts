import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents } from './event-stream.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size)
    yield Promise.resolve(bytes.subarray(at, at + size)) as never;
}

test('events are read however the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ sequence: fc.nat(), message: fc.string({ unit: 'grapheme' }) })),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom('\n', '\r\n'),
      async (events, size, end) => {
        const text = events.map(
          (one) => `: alive${end}${end}id: ${one.sequence}${end}data: ${JSON.stringify(one)}${end}${end}`,
        );
        const found: unknown[] = [];
        for await (const one of readEvents(pieces(new TextEncoder().encode(text.join('')), size)))
          found.push(one);
        expect(found).toEqual(events);
      },
    ),
    { numRuns: 50 },
  );
});
