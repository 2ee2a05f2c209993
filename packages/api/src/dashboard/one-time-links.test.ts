import { type KeyedRequest, SILENT_LOG } from '@guts/core';
import { expect, test } from 'vitest';
import { sealedBy } from '../../test/rig.ts';
import { OneTimeLinks } from './one-time-links.ts';

/** What the store says of the key of a code that is used. */
async function redeemed(found: Pick<KeyedRequest, 'taken' | 'resumed'>): Promise<boolean> {
  const links = new OneTimeLinks({
    store: {
      takeKey: (_owner, first) => Promise.resolve({ ...first, ...found, answer: null }),
    },
    secrets: sealedBy('key'),
    clock: { now: () => 0 },
    log: SILENT_LOG,
    newId: () => 'id',
  });
  const { id, path } = links.issue();
  return (await links.redeem(path.replace('/dashboard/login#code=', ''))) === id;
}

test.each([
  ['that nobody has used signs in', { taken: true, resumed: false }, true],
  ['that was used signs nobody in', { taken: false, resumed: false }, false],
  ['whose first use died midway was used all the same', { taken: true, resumed: true }, false],
] as const)('a code %s', async (_what, found, signsIn) => {
  expect(await redeemed(found)).toBe(signsIn);
});

test('the code is behind the #, where no server sees it', () => {
  const parts = { store: { takeKey: () => Promise.reject(new Error('unused')) }, secrets: sealedBy('key') };
  const links = new OneTimeLinks({ ...parts, clock: { now: () => 5 }, log: SILENT_LOG, newId: () => 'id' });
  const { path, expiresAt } = links.issue();
  const { pathname, search, hash } = new URL(path, 'http://guts.test');
  expect([pathname, search]).toEqual(['/dashboard/login', '']);
  expect(hash).toMatch(/^#code=[\w-]+$/);
  expect(expiresAt).toBe(5 + 600_000);
});
