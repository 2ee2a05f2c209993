import type { History } from './history.ts';

/** Moments (seconds since 1970) and the bytes per second that moved then. */
export interface Series {
  readonly at: readonly number[];
  readonly values: readonly number[];
}
export const EMPTY: Series = { at: [], values: [] };

/** So many pieces are drawn at most, the last ones, also of a page that is open all night. */
export const MOST_POINTS = 1200;
/** A piece that has only begun is no measure yet; seconds. */
const YOUNG = 5;

/**
 * How fast bytes moved: what was before one looked, and what was measured since. A piece of time in which nothing
 * moved is 0; each stands at its middle.
 * @param measured bytes that moved since the history was told, by the moment at which their piece begins
 * @param until where it ends: now, or the end of what is shown; by the server's clock, seconds
 */
export function seriesOf(
  { since, seconds, pieces }: History,
  measured: ReadonlyMap<number, number>,
  until: number,
): Series {
  const at: number[] = [];
  const values: number[] = [];
  const end = Math.floor(until / seconds) * seconds;
  for (let start = Math.max(since, end - MOST_POINTS * seconds); start <= end; start += seconds) {
    const length = Math.min(seconds, until - start);
    if (length < YOUNG) break;
    at.push(start + length / 2);
    values.push(((pieces.get(start) ?? 0) + (measured.get(start) ?? 0)) / length);
  }
  return { at, values };
}
