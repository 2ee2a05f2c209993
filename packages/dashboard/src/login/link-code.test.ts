import { expect, test } from 'vitest';
import { takeLinkCode } from './link-code.ts';

function taken(
  pathname: string,
  search: string,
  hash: string,
): [code: string | null, address: string | null] {
  let address: string | null = null;
  const history = {
    state: null,
    replaceState: (_state: unknown, _title: string, url?: string | URL | null) => (address = String(url)),
  };
  return [takeLinkCode({ pathname, search, hash }, history), address];
}

test('the code is taken out of the address', () => {
  expect(taken('/dashboard/login', '', '#code=abc%2D1')).toEqual(['abc-1', '/dashboard/']);
  expect(taken('/dashboard/migrations', '?q=1', '#code=x')).toEqual(['x', '/dashboard/migrations?q=1']);
});

test('an address without a code stays as it is', () => {
  expect(taken('/dashboard/login', '', '#postcode=1')).toEqual([null, null]);
  expect(taken('/dashboard/', '', '')).toEqual([null, null]);
});
