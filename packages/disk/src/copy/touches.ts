import { mergeExtents } from '../extents.ts';
import type { Extent } from '../types.ts';

/** Whether an extent shares a byte with any of these. */
export function touches(extents: readonly Extent[]): (extent: Extent) => boolean {
  const all = mergeExtents(extents);
  return ({ offset, length }) => {
    // The first that ends behind the offset.
    let low = 0;
    for (let high = all.length; low < high;) {
      const middle = (low + high) >>> 1;
      const one = all[middle];
      if (one && one.offset + one.length <= offset) low = middle + 1;
      else high = middle;
    }
    const one = all[low];
    return one !== undefined && one.offset < offset + length;
  };
}
