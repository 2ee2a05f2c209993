import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dice } from './dice.ts';
import { damaged, outcomeOf, victims } from './disk-file-fuzz.ts';

/** A few of what disk-file-fuzz.long.ts has thousands of. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(victims())('a damaged $name is read or refused, never worse', async ({ bytes }) => {
  expect(await outcomeOf(join(folder, 'sound'), bytes)).toEqual({ refused: false, wrong: undefined });
  const chance = dice(77);
  let refused = 0;
  for (let run = 0; run < 40; run += 1) {
    const outcome = await outcomeOf(join(folder, 'damaged'), damaged(bytes, chance));
    expect(outcome.wrong).toBeUndefined();
    if (outcome.refused) refused += 1;
  }
  // Wounds that were never noticed would mean that nothing is looked at.
  expect(refused).toBeGreaterThan(5);
});
