import { describe, expect, test } from 'vitest';
import { type History, historyFrom, historyOf } from './history.ts';
import { MOST_POINTS, seriesOf } from './series.ts';

const NONE: ReadonlyMap<number, number> = new Map();
const history: History = historyOf(
  {
    since: '1970-01-01T00:16:40.000Z',
    until: '1970-01-01T00:17:50.000Z',
    seconds: 20,
    points: [
      { at: '1970-01-01T00:17:00.000Z', bytes: 400 },
      { at: '1970-01-01T00:17:40.000Z', bytes: 100 },
    ],
  },
  1064,
);

describe('what moved before the page was opened', () => {
  test('is there at once, each piece of time at its middle; where nothing moved it is 0', () => {
    expect(history).toMatchObject({ since: 1000, until: 1070, ahead: 6 });
    expect(seriesOf(history, NONE, 1080)).toEqual({ at: [1010, 1030, 1050, 1070], values: [0, 20, 0, 5] });
  });

  test('goes on with what is measured since, also within the piece that both know', () => {
    const since = new Map([
      [1060, 300],
      [1080, 50],
    ]);
    expect(seriesOf(history, since, 1090)).toEqual({
      at: [1010, 1030, 1050, 1070, 1085],
      values: [0, 20, 0, 20, 5],
    });
  });

  test('a piece that has only begun is not drawn: it would be too high or too low', () => {
    expect(seriesOf(history, new Map([[1080, 50]]), 1083).at).toEqual([1010, 1030, 1050, 1070]);
  });

  test('where the server tells nothing, it begins when the page was opened', () => {
    expect(seriesOf(historyFrom(1010, 20), new Map([[1020, 100]]), 1040)).toEqual({
      at: [1010, 1030],
      values: [0, 5],
    });
  });
});

test('of a page that is open all night the last pieces are drawn, no more than before', () => {
  const night = 1000 + 20 * 10 * MOST_POINTS;
  const { at, values } = seriesOf(history, new Map([[night - 20, 200]]), night);
  expect(at.length).toBeLessThanOrEqual(MOST_POINTS);
  expect([at.at(-1), values.at(-1)]).toEqual([night - 10, 10]);
});
