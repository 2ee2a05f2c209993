/** Of a command's options those that are given and meant: others shape the output, and are no filters. */
export function only<T extends object, const K extends keyof T>(
  options: T,
  keys: readonly K[],
): { [N in K]?: Exclude<T[N], undefined> } {
  return Object.fromEntries(
    keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  ) as { [N in K]?: Exclude<T[N], undefined> };
}
