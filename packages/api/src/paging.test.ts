import { expect, test } from 'vitest';
import { momentOf, sortOf } from './paging.ts';

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
  [{ sort: 'colour' }, 'query.sort', /cannot be sorted by "colour"/],
  [{ sort: 'name:up' }, 'query.sort', /"up" is no direction/],
  [{ sort: 'name:asc,created_at:asc' }, 'query.sort', /one key/],
  [{ sort: 'name', sort_key: 'name' }, 'query.sort', /sort_key or sort_dir too/],
  [{ sort_dir: 'asc' }, 'query.sort_dir', /needs a sort_key/],
] as const)('%j is refused', ([query, field, message]) => {
  expect(() => sortOf(query, KEYS)).toThrow(
    expect.objectContaining({
      code: 'bad_request',
      field,
      message: expect.stringMatching(message) as string,
    }),
  );
});

test.for([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31t12:00:00.5+01:30', '2026-01-31T10:30:00.500Z'],
  // A leap second is over when clocks say that the next one begins.
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
  ['2017-01-01T00:59:60.75+01:00', '2017-01-01T00:00:00.000Z'],
  ['0000-01-01T00:00:00+01:00', '-000001-12-31T23:00:00.000Z'],
] as const)('%s is the moment %s', ([text, moment]) => {
  expect(momentOf(text, 'since')).toBe(moment);
});

test('what is no moment is refused', () => {
  for (const text of ['2023-13-29T00:00:00Z', 'yesterday', '2026-01-01T00:00:61Z'])
    expect(() => momentOf(text, 'since')).toThrow(
      expect.objectContaining({ code: 'bad_request', field: 'query.since' }),
    );
});
