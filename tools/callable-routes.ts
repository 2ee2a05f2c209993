/** Routes, in groups or not, as far as calling them goes. */
export interface Callable {
  readonly [name: string]: string | Callable;
}

/**
 * Leaves of every route its method and path, and of groups their names.
 * @throws TypeError for what is neither a route nor a group
 */
export function callable(tree: object): Callable {
  return Object.fromEntries(
    Object.entries(tree).map(([name, one]: [string, unknown]) => {
      if (typeof one !== 'object' || one === null)
        throw new TypeError(`${name} is neither a route nor a group`);
      if ('method' in one && 'path' in one)
        return [name, { method: String(one.method), path: String(one.path) }];
      return [name, callable(one)];
    }),
  );
}
