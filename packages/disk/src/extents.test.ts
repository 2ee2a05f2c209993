import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  alignExtents,
  clipExtents,
  complementExtents,
  DiskUsageError,
  intersectExtents,
  mergeExtents,
  subtractExtents,
  totalBytes,
  type Extent,
} from './index.ts';

const SPACE = 64;
const list = fc.array(fc.record({ offset: fc.nat(50), length: fc.nat(14) }), { maxLength: 8 });

/** The model: one flag per byte. */
function flags(extents: Iterable<Extent>): boolean[] {
  const map = Array.from({ length: SPACE }, () => false);
  for (const { offset, length } of extents) map.fill(true, offset, offset + length);
  return map;
}
function expectNormal(extents: readonly Extent[]): void {
  let end = -1;
  for (const { offset, length } of extents) {
    expect(length).toBeGreaterThan(0);
    expect(offset).toBeGreaterThan(end);
    end = offset + length;
  }
}

test('the algebra agrees with a map of bytes and always answers a normal list', () => {
  fc.assert(
    fc.property(
      list,
      list,
      fc.integer({ min: 1, max: SPACE }),
      fc.integer({ min: 1, max: 9 }),
      (a, b, size, granule) => {
        const x = flags(a);
        const y = flags(b);
        const check = (result: readonly Extent[], model: (at: number) => boolean): void => {
          expectNormal(result);
          expect(flags(result)).toEqual(Array.from({ length: SPACE }, (_, at) => model(at)));
        };
        check(mergeExtents(a), (at) => x[at] ?? false);
        check(intersectExtents(a, b), (at) => (x[at] ?? false) && (y[at] ?? false));
        check(subtractExtents(a, b), (at) => (x[at] ?? false) && !y[at]);
        check(complementExtents(a, size), (at) => at < size && !x[at]);
        check(
          clipExtents(a, { offset: granule, length: size }),
          (at) => (x[at] ?? false) && at >= granule && at < granule + size,
        );
        check(alignExtents(a, granule, size), (at) => {
          const block = Math.floor(at / granule) * granule;
          return at < size && x.slice(block, block + granule).some(Boolean);
        });
        expect(totalBytes(a)).toBe(x.filter(Boolean).length);
      },
    ),
    { numRuns: 500 },
  );
});

test('what is no byte range is refused', () => {
  for (const bad of [
    { offset: -1, length: 1 },
    { offset: 0.5, length: 1 },
    { offset: 0, length: NaN },
    { offset: Number.MAX_SAFE_INTEGER, length: 1 },
  ])
    expect(() => mergeExtents([bad])).toThrow(DiskUsageError);
});
