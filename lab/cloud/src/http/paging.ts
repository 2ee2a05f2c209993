/** Pages of a list, asked for by `limit` and `marker`. */
import { badRequest } from './api-error.ts';
import type { Call } from './service.ts';

const MAX_LIMIT = 1000;

export interface Page<T> {
  readonly items: readonly T[];
  /** The `…_links` entry that leads to the next page; empty on the last. */
  readonly links: readonly { readonly rel: 'next'; readonly href: string }[];
}

/** `all` in the order of the list. Throws 400 when the marker is not in it. */
export function paged<T extends { readonly id: string }>(call: Call, all: readonly T[]): Page<T> {
  const text = call.query.get('limit');
  if (text !== null && !/^\d+$/.test(text)) throw badRequest(`limit must be an integer, not '${text}'.`);
  const limit = Math.min(text === null ? MAX_LIMIT : Number(text), MAX_LIMIT);
  const marker = call.query.get('marker');
  const after = marker === null ? -1 : all.findIndex((one) => one.id === marker);
  if (marker !== null && after < 0) throw badRequest(`marker [${marker}] not found`);
  const items = all.slice(after + 1, after + 1 + limit);
  const last = items.at(-1);
  if (!last || last === all.at(-1)) return { items, links: [] };
  const next = new URLSearchParams(call.query);
  next.set('marker', last.id);
  // The path as the client wrote it: routing may have taken parts out.
  const { pathname } = new URL(call.request.url ?? '/', call.origin);
  return { items, links: [{ rel: 'next', href: `${call.origin}${pathname}?${next.toString()}` }] };
}
