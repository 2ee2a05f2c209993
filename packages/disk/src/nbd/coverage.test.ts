import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Coverage } from './coverage.ts';

test('agrees with a list of bytes on what came, what came twice, and how much', () => {
  const piece = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const coverage = new Coverage();
      const bytes = new Set<number>();
      for (const [start, length] of pieces) {
        const mine = Array.from({ length }, (_, at) => start + at);
        const twice = mine.some((byte) => bytes.has(byte));
        expect(coverage.add(start, start + length)).toBe(!twice);
        if (twice) return;
        for (const byte of mine) bytes.add(byte);
        expect(coverage.total).toBe(bytes.size);
      }
    }),
    { seed: 4, numRuns: 500 },
  );
});

test('too many pieces apart are refused rather than remembered', () => {
  const coverage = new Coverage();
  let at = 0;
  while (coverage.add(at, at + 1)) at += 2;
  expect(at / 2).toBe(16 * 1024);
});
