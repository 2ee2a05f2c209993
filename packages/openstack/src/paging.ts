import { ProtocolError } from './errors.ts';
import type { ServiceName } from './service-catalog.ts';
import type { OpenStackSession } from './session.ts';

/** Query text of what is set. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) parameters.set(key, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

const PAGE = 500;

/**
 * Whether a page says that another follows: Glance by `next`, the others by a list `<items>_links` with a link of
 * relation `next`. The link itself is not followed: behind a proxy it may name a host that cannot be reached.
 */
export function saysMore(page: Readonly<Record<string, unknown>>): boolean {
  if (typeof page['next'] === 'string') return true;
  return Object.entries(page).some(
    ([key, links]) =>
      key.endsWith('_links') &&
      Array.isArray(links) &&
      links.some((link: { rel?: unknown } | null) => link?.rel === 'next'),
  );
}

/** Every item of a list once, page by page by marker. */
export async function* listAll<T extends { readonly id: string }>(
  session: OpenStackSession,
  service: ServiceName,
  path: string,
  key: string,
  filter: Readonly<Record<string, string | number | boolean | undefined>>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const seen = new Set<string>();
  let marker: string | undefined;
  for (;;) {
    const page = (await session.call(service, {
      path: `${path}${query({ ...filter, limit: PAGE, marker })}`,
      signal,
    })) as Record<string, unknown> | null;
    const items = page?.[key];
    if (!page || !Array.isArray(items)) throw new ProtocolError(`${service}: ${path}: no list of ${key}`);
    const fresh = (items as T[]).filter((item) => !seen.has(item.id));
    for (const item of fresh) seen.add(item.id);
    yield* fresh;
    // A service that ignores paging gives the same page again; one that allows less than we ask says that more follows.
    marker = fresh.at(-1)?.id;
    if (marker === undefined || (items.length < PAGE && !saysMore(page))) return;
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
