import { afterAll, expect, test } from 'vitest';
import { copyKilled, WAYS } from './killed-copy.ts';

/** GUTS_KILLED_SEED: where the seeds begin. A failure names its seed: it alone is run with GUTS_KILLED_COPIES=1. */
const { GUTS_KILLED_SEED: seed = '100', GUTS_KILLED_COPIES: copies = '10' } = process.env;
const COPIES = Number(copies);
const KILLS = 6;

let kills = 0;
let resumed = 0;
let done = 0;
afterAll(() => {
  process.stdout.write(`${done} copies, ${kills} kills, ${resumed} runs behind a checkpoint\n`);
});

const all = WAYS.flatMap((way) =>
  Array.from({ length: COPIES }, (_, index) => ({ way, seed: Number(seed) + index })),
);
test.each(all)('a copy $way, killed again and again, seed $seed', async ({ way, seed: own }) => {
  const outcome = await copyKilled(way, KILLS, own);
  kills += outcome.kills;
  resumed += outcome.resumed;
  done += 1;
  // A copy may be whole before its last kill.
  expect(outcome.kills).toBeLessThanOrEqual(KILLS);
});

test.runIf(COPIES === 10)(
  'there were as many kills as were wanted, and most runs had something to go on from',
  () => {
    expect(done).toBe(all.length);
    expect(kills).toBeGreaterThanOrEqual(100);
    expect(resumed).toBeGreaterThan(kills / 2);
  },
);
