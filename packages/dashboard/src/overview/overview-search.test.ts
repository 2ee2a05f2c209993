import { expect, test } from 'vitest';
import { readOverviewSearch } from './overview-search.ts';

test('how far back the overview looks stands in the address; what is not understood is left out', () => {
  expect(readOverviewSearch({ range: '7d' })).toEqual({ range: '7d' });
  expect(readOverviewSearch({ range: '8h' })).toEqual({});
  expect(readOverviewSearch({ range: '9y', other: 1 })).toEqual({});
});
