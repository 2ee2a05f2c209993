/** What a name or id at the destination leads to. */
export interface Lookup<T> {
  readonly wanted: string;
  /** One: it is that. */
  readonly matches: readonly T[];
  readonly known: readonly T[];
}

/** By id, else by name. */
export function lookUp<T extends { readonly id: string; readonly name: string }>(
  known: readonly T[],
  wanted: string,
): Lookup<T> {
  const matches: T[] = [];
  for (const one of known) {
    if (one.id === wanted) return { wanted, matches: [one], known };
    if (one.name === wanted) matches.push(one);
  }
  return { wanted, matches, known };
}

/** What it leads to; null: to nothing, or to several. */
export function foundBy<T>({ matches }: Lookup<T>): T | null {
  const [first] = matches;
  return first !== undefined && matches.length === 1 ? first : null;
}

/** Of a map whose keys people choose: `constructor` is none unless they wrote it. */
export function entryOf<T>(map: Readonly<Record<string, T>>, key: string | null): T | undefined {
  return key !== null && Object.hasOwn(map, key) ? map[key] : undefined;
}
