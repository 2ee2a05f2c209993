/** Moments (seconds since 1970) and what was measured then; null: nothing moved that is known. */
export interface Series {
  readonly at: readonly number[];
  readonly values: readonly (number | null)[];
}
export const EMPTY: Series = { at: [], values: [] };

/** So many points are kept; older ones are thinned out, so that a page that is open all night does not grow. */
export const MOST_POINTS = 1200;

/** With one more point; of two within the same second the later stands. */
export function withPoint(series: Series, at: number, value: number | null): Series {
  const last = series.at.at(-1);
  if (last !== undefined && at - last < 1)
    return { at: series.at, values: [...series.values.slice(0, -1), value] };
  const next = { at: [...series.at, at], values: [...series.values, value] };
  return next.at.length > MOST_POINTS ? thinned(next) : next;
}

/** The older half with every second point. */
function thinned({ at, values }: Series): Series {
  const half = Math.floor(at.length / 2);
  const keep = (_: unknown, index: number): boolean => index >= half || index % 2 === 0;
  return { at: at.filter(keep), values: values.filter(keep) };
}
