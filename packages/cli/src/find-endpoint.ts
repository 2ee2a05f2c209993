import { type ApiClient, type Endpoint, routes } from '@guts/contract';
import { findNamed, isBeginning } from './find-named.ts';
import { allPages } from './paging.ts';

export type Side = 'source' | 'destination';

// Both sides have the same routes; only the name of the thing differs.
export const routesOf = (side: Side): typeof routes.sources =>
  side === 'source' ? routes.sources : (routes.destinations as unknown as typeof routes.sources);
export const oneOf = (answer: unknown, side: Side): Endpoint => (answer as Record<Side, Endpoint>)[side];

export function listEndpoints(client: ApiClient, side: Side, name?: string): Promise<Endpoint[]> {
  return allPages(async (marker) => {
    const query = { ...(name === undefined ? {} : { name }), ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routesOf(side).list, { query });
    const items = (answer as unknown as Record<string, Endpoint[]>)[`${side}s`] ?? [];
    return { items, next: answer.links.next };
  });
}

/** By name, id, or the beginning of an id. @throws ApiCallError `not_found`, `ambiguous` */
export function findEndpoint(client: ApiClient, side: Side, given: string): Promise<Endpoint> {
  return findNamed(side, given, (name) => listEndpoints(client, side, name));
}

/** What guts-api knows a source by: it takes names and ids itself, but no beginnings of ids. */
export async function sourceOf(client: ApiClient, given: string): Promise<string> {
  return isBeginning(given) ? (await findEndpoint(client, 'source', given)).id : given;
}
