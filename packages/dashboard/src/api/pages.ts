/** The marker of the next page in a link of a list, whichever form it has; null: there is none. */
export function markerOf(next: string | null): string | null {
  if (next === null) return null;
  return new URLSearchParams(next.slice(next.indexOf('?') + 1)).get('marker');
}

/**
 * Every item of a list that is answered in pages.
 * @param most items, after which no further page is asked for
 */
export async function allPages<T>(
  page: (marker: string | null) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const all: T[] = [];
  let marker: string | null = null;
  for (;;) {
    const { items, next } = await page(marker);
    all.push(...items);
    const following = markerOf(next);
    // A link that goes nowhere would be followed for ever.
    if (following === null || following === marker || all.length >= most) return all;
    marker = following;
  }
}
