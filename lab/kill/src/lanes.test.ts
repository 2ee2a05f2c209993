import { expect, test } from 'vitest';
import { bearable } from './lanes.ts';

test.for([
  [4, 1, 4],
  [4, 4, 4],
  [4, 8, 2],
  [4, 11, 1],
  [2, 5, 2],
  [2, 9, 1],
  [1, 100, 1],
] as const)('of %i lanes that open in %i s a machine bears %i', ([wanted, seconds, lanes]) => {
  expect(bearable(wanted, seconds)).toBe(lanes);
});
