import { expect, test } from 'vitest';
import { fuzz } from './run.ts';

/** Enough that every operation is served at least once. */
const CALLS = 2600;

test(
  'no call makes guts-api fail, or answer what its own document has not',
  { timeout: 120_000 },
  async () => {
    const { faults, neverServed } = await fuzz({ calls: CALLS, seed: 1, database: 'sqlite::memory:' });
    expect(faults).toEqual([]);
    expect(neverServed).toEqual([]);
  },
);
