import type { OpenStackSession, ServiceName } from './session.ts';

/** Query text of what is set. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) parameters.set(key, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** Every item of a list, page by page by marker; a page shorter than the limit may still not be the last. */
export async function* listAll<T extends { readonly id: string }>(
  session: OpenStackSession,
  service: ServiceName,
  path: string,
  key: string,
  filter: Readonly<Record<string, string | number | boolean | undefined>>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  let marker: string | undefined;
  for (;;) {
    const page = (await session.call(service, {
      path: `${path}${query({ ...filter, limit: 500, marker })}`,
      signal,
    })) as Record<string, T[] | undefined>;
    const items = page[key] ?? [];
    yield* items;
    const last = items.at(-1)?.id;
    // A service that ignores paging gives the same page again.
    if (last === undefined || last === marker || items.length < 500) return;
    marker = last;
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
