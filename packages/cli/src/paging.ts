/** Every item of a list that is answered in pages. */
export async function allPages<T>(
  page: (
    marker: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  for (;;) {
    const { items, next } = await page(marker);
    all.push(...items);
    if (next === null) return all;
    const following = new URLSearchParams(next.slice(next.indexOf('?'))).get('marker') ?? undefined;
    // A link that goes nowhere would be followed for ever.
    if (following === undefined || following === marker) return all;
    marker = following;
  }
}
