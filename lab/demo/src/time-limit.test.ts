import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { besideLimit } from './time-limit.ts';

test('a time is told beside its limit, and marked when it is over', () => {
  expect(besideLimit(39.96, 40)).toBe('40.0 s of at most 40 s');
  expect(besideLimit(40.04, 40)).toBe('40.0 s of at most 40 s: OVER ITS LIMIT');
});

test('and so do the scripts', () => {
  const shell = (took: number) =>
    execFileSync('bash', ['-c', `. tools/time-limit.sh; beside_limit ${took} 360`], { encoding: 'utf8' });
  expect(shell(360)).toBe('360 s of at most 360 s');
  expect(shell(361)).toBe('361 s of at most 360 s: OVER ITS LIMIT');
});
