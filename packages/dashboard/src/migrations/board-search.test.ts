import type { Migration } from '@guts/contract';
import { describe, expect, test } from 'vitest';
import { boardRows, readBoardSearch } from './board-search.ts';

describe('what stands in the address', () => {
  test('is read', () => {
    const search = { q: 'web', group: 'attention', sort: 'status', desc: true };
    expect(readBoardSearch(search)).toEqual(search);
  });

  test('is left out where it is not understood', () => {
    expect(readBoardSearch({ q: {}, group: 'x', sort: '__proto__', desc: 'yes', other: 1 })).toEqual({});
    expect(readBoardSearch({ q: 10 })).toEqual({ q: '10' });
  });
});

describe('rows', () => {
  const one = (name: string, status: Migration['status'], created: number): Migration =>
    ({
      id: name,
      name,
      instance_name: name,
      status,
      step: null,
      created_at: `2026-01-01T00:00:0${created}.000Z`,
      started_at: null,
    }) as Migration;
  const all = [one('web-10', 'queued', 1), one('web-9', 'failed', 2), one('DB', 'committed', 3)];
  const names = (search: Parameters<typeof boardRows>[1]): string[] =>
    boardRows(all, search).map(({ name }) => name);

  test('are the newest first unless told', () => expect(names({})).toEqual(['DB', 'web-9', 'web-10']));
  test('are found in either case', () => expect(names({ q: 'db' })).toEqual(['DB']));
  test('are grouped by who is to act', () => {
    expect(names({ group: 'active' })).toEqual(['web-10']);
    expect(names({ group: 'attention' })).toEqual(['web-9']);
    expect(names({ group: 'done' })).toEqual(['DB']);
  });
  test('are sorted, numbers as numbers', () => {
    expect(names({ sort: 'name' })).toEqual(['DB', 'web-9', 'web-10']);
    expect(names({ sort: 'name', desc: true })).toEqual(['web-10', 'web-9', 'DB']);
    expect(names({ sort: 'status' })).toEqual(['web-9', 'web-10', 'DB']);
  });
});
