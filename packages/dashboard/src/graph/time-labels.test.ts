import { expect, test } from 'vitest';
import { timeLabels } from './time-labels.ts';

const at = (text: string): number => new Date(text).getTime() / 1000;

test('the clock, and the day where one begins', () => {
  const splits = ['2026-03-01T22:00', '2026-03-01T23:00', '2026-03-02T00:00', '2026-03-02T01:00'].map(at);
  expect(timeLabels(splits, 3600, 'en-GB')).toEqual(['22:00\n1 Mar', '23:00', '00:00\n2 Mar', '01:00']);
});

test('seconds where lines are closer than minutes, days alone where they are days apart', () => {
  const close = [at('2026-03-01T22:00:10'), at('2026-03-01T22:00:20')];
  expect(timeLabels(close, 10, 'en-GB')).toEqual(['22:00:10\n1 Mar', '22:00:20']);
  const far = [at('2026-03-01T00:00'), at('2026-03-02T00:00')];
  expect(timeLabels(far, 86_400, 'en-GB')).toEqual(['1 Mar', '2 Mar']);
});
