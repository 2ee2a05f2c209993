import {
  type ApiClient,
  type Endpoint,
  type EndpointChange,
  type NewEndpoint,
  type Operation,
  routes,
} from '@guts/contract';
import { queryOptions } from '@tanstack/react-query';
import { allPages } from '../api/pages.ts';

export type Side = 'source' | 'destination';

/** All sources, or all destinations: there are few. */
export const endpointsQuery = (client: ApiClient, side: Side) =>
  queryOptions({
    queryKey: [`${side}s`],
    queryFn: (): Promise<readonly Endpoint[]> =>
      allPages(async (marker) => {
        const query = { limit: '1000', sort: 'name', ...(marker === null ? {} : { marker }) };
        if (side === 'source') {
          const { sources, links } = await client.call(routes.sources.list, { query });
          return { items: sources, next: links.next };
        }
        const { destinations, links } = await client.call(routes.destinations.list, { query });
        return { items: destinations, next: links.next };
      }),
  });

export const driversQuery = (client: ApiClient) =>
  queryOptions({
    queryKey: ['drivers'],
    queryFn: async ({ signal }) => (await client.call(routes.drivers, { signal })).drivers,
  });

/** The last operations on an endpoint, the newest first. */
export const operationsQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['operations', id],
    queryFn: async ({ signal }): Promise<readonly Operation[]> =>
      (
        await client.call(routes.operations.list, {
          query: { subject: id, limit: '10', sort: 'created_at:desc' },
          signal,
        })
      ).operations,
    // How far one is comes with no event.
    refetchInterval: ({ state }) => (state.data?.some(isGoing) ? 1000 : false),
  });

export const isGoing = ({ status }: Operation): boolean => status === 'queued' || status === 'running';

/** @throws ApiCallError */
export async function createEndpoint(client: ApiClient, side: Side, body: NewEndpoint): Promise<Endpoint> {
  if (side === 'source') return (await client.call(routes.sources.create, { body })).source;
  return (await client.call(routes.destinations.create, { body })).destination;
}

/** @throws ApiCallError */
export async function changeEndpoint(
  client: ApiClient,
  side: Side,
  id: string,
  body: EndpointChange,
): Promise<Endpoint> {
  const params = { id };
  if (side === 'source') return (await client.call(routes.sources.update, { params, body })).source;
  return (await client.call(routes.destinations.update, { params, body })).destination;
}

/** @throws ApiCallError */
export async function removeEndpoint(client: ApiClient, side: Side, id: string): Promise<void> {
  const { remove } = side === 'source' ? routes.sources : routes.destinations;
  await client.call(remove, { params: { id } });
}

/** @throws ApiCallError */
export async function startOperation(
  client: ApiClient,
  side: Side,
  id: string,
  action: 'validate' | 'refresh',
): Promise<Operation> {
  const { act } = side === 'source' ? routes.sources : routes.destinations;
  return (await client.call(act, { params: { id }, body: { action } })).operation;
}
