import { assertBytes } from './bounds.ts';
import type { Extent } from './types.ts';

/**
 * Algebra of byte ranges. Every function takes lists in any order, overlapping or not, and answers a normal one:
 * ascending, no overlap, no touching neighbours, no empty extent.
 */
export function mergeExtents(extents: Iterable<Extent>): Extent[] {
  const sorted = [...extents].filter(({ offset, length }) => {
    assertBytes(offset, 'offset');
    assertBytes(length, 'length');
    assertBytes(offset + length, 'end of an extent');
    return length > 0;
  });
  sorted.sort((a, b) => a.offset - b.offset);
  const merged: Extent[] = [];
  for (const { offset, length } of sorted) {
    const last = merged.at(-1);
    if (last && offset <= last.offset + last.length)
      merged[merged.length - 1] = {
        offset: last.offset,
        length: Math.max(last.offset + last.length, offset + length) - last.offset,
      };
    else merged.push({ offset, length });
  }
  return merged;
}

/** What lies in both. */
export function intersectExtents(a: Iterable<Extent>, b: Iterable<Extent>): Extent[] {
  const left = mergeExtents(a);
  const right = mergeExtents(b);
  const both: Extent[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const x = left[i];
    const y = right[j];
    if (!x || !y) return both;
    const start = Math.max(x.offset, y.offset);
    const xEnd = x.offset + x.length;
    const yEnd = y.offset + y.length;
    const end = Math.min(xEnd, yEnd);
    if (start < end) both.push({ offset: start, length: end - start });
    if (xEnd <= yEnd) i += 1;
    else j += 1;
  }
}

/** What of [0, size) lies in none of the extents. */
export function complementExtents(extents: Iterable<Extent>, size: number): Extent[] {
  const rest: Extent[] = [];
  let at = 0;
  for (const { offset, length } of clipExtents(extents, { offset: 0, length: size })) {
    if (offset > at) rest.push({ offset: at, length: offset - at });
    at = offset + length;
  }
  if (size > at) rest.push({ offset: at, length: size - at });
  return rest;
}

/** What lies in `a` but not in `b`. */
export function subtractExtents(a: Iterable<Extent>, b: Iterable<Extent>): Extent[] {
  const from = mergeExtents(a);
  const last = from.at(-1);
  return last ? intersectExtents(from, complementExtents(b, last.offset + last.length)) : [];
}

/** What lies in the window. */
export function clipExtents(extents: Iterable<Extent>, window: Extent): Extent[] {
  return intersectExtents(extents, [window]);
}

/** Widens each extent to multiples of `granule` bytes, but not beyond `size`. */
export function alignExtents(extents: Iterable<Extent>, granule: number, size: number): Extent[] {
  const wide = mergeExtents(extents).map(({ offset, length }) => {
    const start = offset - (offset % granule);
    const end = Math.min(size, Math.ceil((offset + length) / granule) * granule);
    return { offset: start, length: Math.max(0, end - start) };
  });
  return mergeExtents(wide);
}

/** Sum of the lengths, overlaps counted once. */
export function totalBytes(extents: Iterable<Extent>): number {
  return mergeExtents(extents).reduce((sum, { length }) => sum + length, 0);
}
