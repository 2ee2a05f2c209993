import { expect, test } from 'vitest';
import { copyKilled, WAYS } from './killed-copy.ts';

test.each(WAYS)('a copy %s whose process is killed goes on behind its last checkpoint', async (way) => {
  const { kills } = await copyKilled(way, 1, 7);
  expect(kills).toBe(1);
});
