import { expect, test } from 'vitest';
import { PAIRS, runPair } from './run-pair.ts';

/** Cases of each pair, always the same: `pairs.long.ts` has thousands, of any seed. */
const CASES = 3;
const SEED = 20_261_130;

test('there are as many pairs as there are readers and writers', () => {
  expect(PAIRS.length).toBe(11 * 7);
  expect(new Set(PAIRS.map(({ name }) => name)).size).toBe(PAIRS.length);
});

test.each(PAIRS)('$name, byte for byte, whatever goes wrong', async (pair) => {
  const { cases, attempts } = await runPair(pair, CASES, SEED);
  expect(cases).toBe(CASES);
  expect(attempts).toBeGreaterThanOrEqual(CASES);
});
