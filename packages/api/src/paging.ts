import { GutsError, type Sort } from '@guts/core';

/** The longest page. */
export const PAGE_MAX = 1000;

/** How many were asked for, at most {@link PAGE_MAX}. */
export function limitOf(query: { readonly limit?: string | undefined }): number {
  return Math.min(Number(query.limit ?? 100), PAGE_MAX);
}

/**
 * What the store is asked for. @param find tells whether the marker is still there
 * @throws GutsError `bad_request`: after an unknown marker nothing would come, as if the list had ended
 */
export async function pageOf(
  query: { readonly limit?: string | undefined; readonly marker?: string | undefined },
  find: (marker: string) => Promise<unknown>,
): Promise<{ limit: number; marker?: string }> {
  const limit = limitOf(query);
  const { marker } = query;
  if (marker === undefined) return { limit };
  if ((await find(marker)) === null)
    throw new GutsError('bad_request', `the marker "${marker}" is unknown`, {
      field: 'query.marker',
      remedy: 'Begin again without a marker: what it named may have been deleted.',
    });
  return { limit, marker };
}

/** The words of a list of statuses. @throws GutsError `bad_request` for one that is none */
export function statusesOf<S extends string>(text: string | undefined, all: readonly S[]): S[] | undefined {
  return text?.split(',').map((word) => {
    const status = all.find((one) => one === word.trim());
    if (status) return status;
    throw new GutsError('bad_request', `"${word}" is no status`, {
      field: 'query.status',
      remedy: `Statuses are: ${all.join(', ')}.`,
    });
  });
}

/** The link to the next page, when there may be one. */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
  last: string | undefined,
  count: number,
): { next: string | null } {
  if (count < limit || last === undefined) return { next: null };
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, value);
  search.set('marker', last);
  return { next: `${path}?${search.toString()}` };
}

/**
 * By what a list is to be sorted: `sort=KEY:DIRECTION`, or `sort_key` with `sort_dir`; up unless told otherwise.
 * @throws GutsError `bad_request` for an unknown key or direction, or several at once
 */
export function sortOf<K extends string>(
  query: {
    readonly sort?: string | undefined;
    readonly sort_key?: K | undefined;
    readonly sort_dir?: 'asc' | 'desc' | undefined;
  },
  keys: readonly K[],
): { sort?: Sort<K> } {
  const { sort, sort_key: sortKey, sort_dir: sortDir } = query;
  const refuse = (field: string, message: string): never => {
    throw new GutsError('bad_request', message, {
      field: `query.${field}`,
      remedy: `Sort by one of ${keys.join(', ')}: sort=${keys[0] ?? ''}:desc, or sort_key and sort_dir.`,
    });
  };
  if (sort === undefined) {
    if (sortKey === undefined)
      return sortDir === undefined ? {} : refuse('sort_dir', 'sort_dir needs a sort_key');
    return { sort: { key: sortKey, descending: sortDir === 'desc' } };
  }
  if (sortKey !== undefined || sortDir !== undefined)
    return refuse('sort', 'sort is given, and sort_key or sort_dir too');
  const [word = '', direction = 'asc', ...more] = sort.split(':');
  const key = keys.find((one) => one === word);
  if (more.length > 0 || sort.includes(',')) return refuse('sort', 'a list is sorted by one key');
  if (key === undefined) return refuse('sort', `this list cannot be sorted by "${word}"`);
  if (direction !== 'asc' && direction !== 'desc') return refuse('sort', `"${direction}" is no direction`);
  return { sort: { key, descending: direction === 'desc' } };
}

/**
 * A moment as the store takes it (ISO 8601).
 * @param text by RFC 3339; a leap second (section 5.7) is the start of the one after it, as clocks count them
 * @throws GutsError `bad_request` for one that is none
 */
export function momentOf(text: string, field: string): string {
  const plain = text.replace(/:60(?:\.\d+)?(?=[Zz+-])/, ':59');
  const moment = Date.parse(plain) + (plain === text ? 0 : 1000);
  if (Number.isFinite(moment)) return new Date(moment).toISOString();
  throw new GutsError('bad_request', `query.${field} is no moment`, {
    field: `query.${field}`,
    remedy: 'Write it as RFC 3339 has it, such as 2026-01-31T12:00:00Z.',
  });
}

/** Without what is undefined: an optional field is left out, never set to nothing. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
