import { DASHBOARD_SESSION_PATH, EVENT_STREAM_PATH, type Route, routes } from './routes.ts';

function collect(prefix: string, group: object): [string, Route][] {
  return Object.entries(group).flatMap(([key, value]: [string, Route | object]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    return 'method' in value ? [[name, value] as [string, Route]] : collect(name, value);
  });
}

/** Every route under its name, such as `migrations.create`: the operation ids of the OpenAPI document. */
export const allRoutes: ReadonlyMap<string, Route> = new Map(collect('', routes));
const names = new Map([...allRoutes].map(([name, route]) => [`${route.method} ${route.path}`, name]));

/** The name of a route. */
export function nameOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return names.get(`${method} ${path}`) ?? `${method} ${path}`;
}

/** What there is beside the routes of the contract. */
const BESIDES = [
  { method: 'GET', path: EVENT_STREAM_PATH },
  ...(['GET', 'POST', 'DELETE'] as const).map((method) => ({ method, path: DASHBOARD_SESSION_PATH })),
] as const;
const matchers = [...BESIDES, ...allRoutes.values()].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`),
}));

/** The methods with which a path (without its query) may be asked; empty when there is no such path. */
export function methodsOf(path: string): readonly Route['method'][] {
  return matchers.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}
