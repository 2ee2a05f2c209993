import { CorruptDiskError } from '../errors.ts';

/** A place in a file that is taken. */
export interface TakenRange {
  readonly position: number;
  readonly length: number;
  readonly what: string;
}

/** Sorted ranges of a file; touching ones are kept as one. */
export class TakenRanges {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;

  /** Both ascending, of the same length. */
  constructor(starts: Float64Array, ends: Float64Array) {
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Whether any byte of [position, position + length) is taken. */
  overlaps(position: number, length: number): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return (this.#starts[low] ?? Infinity) < position + length;
  }
}

/**
 * The places of a file's metadata: the named ranges, and `length` bytes at each of `tables`. None may overlap another
 * (or later be pointed to as data): a file where they do is damaged or made to confuse. Throws `CorruptDiskError`.
 */
export function takeRanges(
  named: readonly TakenRange[],
  tables: Float64Array = new Float64Array(0),
  length = 0,
  what = '',
): TakenRanges {
  const total = named.length + tables.length;
  const starts = new Float64Array(total);
  const ends = new Float64Array(total);
  const sorted = tables.slice().sort();
  const others = named.filter((range) => range.length > 0).sort((a, b) => a.position - b.position);
  let count = 0;
  let end = 0;
  let before = '';
  const take = (position: number, bytes: number, name: string): void => {
    if (position < end) throw new CorruptDiskError(`${name} overlaps ${before}`, position);
    if (count > 0 && position === end) ends[count - 1] = position + bytes;
    else {
      starts[count] = position;
      ends[count] = position + bytes;
      count += 1;
    }
    end = position + bytes;
    before = name;
  };
  let next = 0;
  for (const position of sorted) {
    for (let other = others[next]; other && other.position <= position; other = others[next]) {
      take(other.position, other.length, other.what);
      next += 1;
    }
    take(position, length, what);
  }
  for (const other of others.slice(next)) take(other.position, other.length, other.what);
  return new TakenRanges(starts.slice(0, count), ends.slice(0, count));
}
