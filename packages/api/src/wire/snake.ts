/** A unit is one word: `memoryMiB` is `memory_mib`. */
type Units<S extends string> = S extends `${infer Head}MiB${infer Tail}` ? `${Head}Mib${Tail}` : S;
type SnakeWord<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Uppercase<Head>
    ? Head extends Lowercase<Head>
      ? `${Head}${SnakeWord<Tail>}`
      : `_${Lowercase<Head>}${SnakeWord<Tail>}`
    : `${Head}${SnakeWord<Tail>}`
  : S;
export type Snake<T> = T extends readonly (infer Item)[]
  ? Snake<Item>[]
  : T extends object
    ? { -readonly [K in keyof T as K extends string ? SnakeWord<Units<K>> : K]: Snake<T[K]> }
    : T;

/**
 * Names as they go over the wire, at every depth. Only for records whose every key is a field name of ours:
 * where users choose keys (mappings, properties, settings) they must not be touched.
 */
export function snake<T>(value: T): Snake<T> {
  return convert(value) as Snake<T>;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replaceAll('MiB', 'Mib').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      convert(inner),
    ]),
  );
}
