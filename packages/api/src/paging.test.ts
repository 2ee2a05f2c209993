import { expect, test } from 'vitest';
import { sortOf } from './paging.ts';

const KEYS = ['created_at', 'name'] as const;

test.for([
  [{}, {}],
  [{ sort: 'name' }, { sort: { key: 'name', descending: false } }],
  [{ sort: 'name:desc' }, { sort: { key: 'name', descending: true } }],
  [{ sort_key: 'name' }, { sort: { key: 'name', descending: false } }],
  [{ sort_key: 'created_at', sort_dir: 'desc' }, { sort: { key: 'created_at', descending: true } }],
] as const)('%j is %j', ([query, sort]) => {
  expect(sortOf(query, KEYS)).toEqual(sort);
});

test.for([
  [{ sort: 'colour' }, 'querystring.sort', /cannot be sorted by "colour"/],
  [{ sort: 'name:up' }, 'querystring.sort', /"up" is no direction/],
  [{ sort: 'name:asc,created_at:asc' }, 'querystring.sort', /one key/],
  [{ sort: 'name', sort_key: 'name' }, 'querystring.sort', /sort_key or sort_dir too/],
  [{ sort_dir: 'asc' }, 'querystring.sort_dir', /needs a sort_key/],
] as const)('%j is refused', ([query, field, message]) => {
  expect(() => sortOf(query, KEYS)).toThrow(
    expect.objectContaining({
      code: 'bad_request',
      field,
      message: expect.stringMatching(message) as string,
    }),
  );
});
