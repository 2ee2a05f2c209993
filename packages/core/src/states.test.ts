import { expect, test } from 'vitest';
import { ACTIONS, mayAsk, mayMove, STATUSES, STATUS_RULES } from './states.ts';
import { STEP_NAMES, stepsFor } from './steps.ts';

test('final statuses lead nowhere and accept nothing; every other leads somewhere', () => {
  for (const status of STATUSES) {
    const rule = STATUS_RULES[status];
    expect(rule.leadsTo.length === 0).toBe(rule.final);
    expect(rule.final && ACTIONS.some((action) => mayAsk(status, action))).toBe(false);
  }
});

test('every status but the first can be reached, and every one reaches a final one', () => {
  const reached = new Set(STATUSES.flatMap((status) => STATUS_RULES[status].leadsTo));
  for (const status of STATUSES) expect(reached.has(status)).toBe(true);
  const ends = (status: (typeof STATUSES)[number], seen: Set<string>): boolean =>
    STATUS_RULES[status].final ||
    STATUS_RULES[status].leadsTo.some((next) => !seen.has(next) && ends(next, new Set([...seen, next])));
  for (const status of STATUSES) expect(ends(status, new Set([status]))).toBe(true);
});

test('a completed migration is not cancelled but reverted', () => {
  expect(mayAsk('completed', 'cancel')).toBe(false);
  expect(mayAsk('completed', 'revert')).toBe(true);
  expect(mayMove('completed', 'cancelling')).toBe(false);
});

test.each(['cold', 'warm'] as const)('%s: a step comes after everything it needs', (mode) => {
  const order = stepsFor(mode).map((step) => step.name);
  for (const step of stepsFor(mode))
    for (const need of step.needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(step.name));
});

test('the warm order has every step', () => {
  expect(stepsFor('warm').map((step) => step.name)).toEqual([...STEP_NAMES]);
});
