import { expect, test } from 'vitest';
import { checkClock } from './check-clock.ts';

const at = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1000);
const told = (seconds: number): string[] => checkClock(at(seconds), at(0)).map(({ message }) => message);

test.for([
  [0, []],
  [60, []],
  [-60, []],
  [61, ["its clock is 61 s ahead of this worker's"]],
  [-7200, ["its clock is 7200 s behind this worker's"]],
] as const)('a clock that is %i s off', ([seconds, messages]) => {
  expect(told(seconds)).toEqual(messages);
});
