import { expect, test } from 'vitest';
import { ownAddress } from './own-address.ts';

const BELOW = { mode: 'alone', base: '/migration/dashboard/' } as const;
const at = (address: string): URL => new URL(address, 'http://guts.test');

test('who comes without the path before the app is shown the address with it', () => {
  expect(ownAddress(BELOW, at('/dashboard/'))).toBe('/migration/dashboard/');
  expect(ownAddress(BELOW, at('/dashboard/login#code=x'))).toBe('/migration/dashboard/login#code=x');
  expect(ownAddress(BELOW, at('/dashboard/migrations/4711?tab=disks'))).toBe(
    '/migration/dashboard/migrations/4711?tab=disks',
  );
});

test.each([
  [BELOW, '/migration/dashboard/migrations'],
  [BELOW, '/other/dashboard/'],
  [{ mode: 'alone', base: '/dashboard/' } as const, '/dashboard/migrations'],
  [{ mode: 'horizon', base: '/project/guts/' } as const, '/dashboard/'],
])('an address that is right, or none of ours, stays: %o %s', (boot, address) => {
  expect(ownAddress(boot, at(address))).toBeNull();
});
