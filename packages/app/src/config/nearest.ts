/** Edits (of one character, or two that changed places) between two words: optimal string alignment. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap));
    }
  }
  return at(a.length, b.length);
}

/** The known name that was probably meant; null: none is like it. Case and hyphens do not count. */
export function nearest(given: string, known: readonly string[]): string | null {
  const plain = given.toLowerCase().replaceAll('-', '_').slice(0, 64);
  let best: string | null = null;
  let least = Math.max(2, Math.floor(plain.length / 3)) + 1;
  for (const name of known) {
    const edits = distance(plain, name.toLowerCase());
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** `did you mean 'slots'?` with what goes before it, or nothing. */
export function didYouMean(given: string, known: readonly string[]): string {
  const name = nearest(given, known);
  return name === null ? '' : `; did you mean '${name}'?`;
}
