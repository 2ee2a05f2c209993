import { GutsError } from '@guts/core';

/** How many were asked for; at most 1000. */
export function limitOf(query: { readonly limit?: string }): number {
  return Math.min(Number(query.limit ?? 100), 1000);
}

/**
 * What the store is asked for. @param find tells whether the marker is still there
 * @throws GutsError `bad_request`: after an unknown marker nothing would come, as if the list had ended
 */
export async function pageOf(
  query: { readonly limit?: string; readonly marker?: string },
  find: (marker: string) => Promise<unknown>,
): Promise<{ limit: number; marker?: string }> {
  const limit = limitOf(query);
  const { marker } = query;
  if (marker === undefined) return { limit };
  if ((await find(marker)) === null)
    throw new GutsError('bad_request', `the marker "${marker}" is unknown`, {
      field: 'querystring.marker',
      remedy: 'Begin again without a marker: what it named may have been deleted.',
    });
  return { limit, marker };
}

/** The words of a list of statuses. @throws GutsError `bad_request` for one that is none */
export function statusesOf<S extends string>(text: string, all: readonly S[]): S[] {
  return text.split(',').map((word) => {
    const status = all.find((one) => one === word.trim());
    if (status) return status;
    throw new GutsError('bad_request', `"${word}" is no status`, {
      field: 'querystring.status',
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
