import { expect, test } from 'vitest';
import { EMPTY, MOST_POINTS, type Series, withPoint } from './series.ts';

test('of two points within a second the later stands', () => {
  const series = withPoint(withPoint(withPoint(EMPTY, 10, 1), 10.4, 2), 12, 3);
  expect(series).toEqual({ at: [10, 12], values: [2, 3] });
});

test('a page that is open all night does not grow, and its beginning and end stay', () => {
  let series: Series = EMPTY;
  for (let at = 0; at < 20 * MOST_POINTS; at += 1) series = withPoint(series, at, at);
  expect(series.at.length).toBeLessThanOrEqual(MOST_POINTS);
  expect([series.at[0], series.at.at(-1)]).toEqual([0, 20 * MOST_POINTS - 1]);
  expect(series.values).toEqual(series.at);
});
