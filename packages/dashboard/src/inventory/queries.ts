import { type ApiClient, routes } from '@guts/contract';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { allPages, markerOf } from '../api/pages.ts';
import { type InventorySearch, instancesQueryOf } from './search.ts';

const PAGE = 200;

/** Machines of a source, page by page. */
export const instancesQuery = (client: ApiClient, source: string, search: InventorySearch) =>
  infiniteQueryOptions({
    queryKey: ['inventory', source, 'instances', instancesQueryOf(search, source)],
    queryFn: ({ pageParam, signal }) =>
      client.call(routes.inventory.instances, {
        query: {
          ...instancesQueryOf(search, source),
          limit: String(PAGE),
          ...(pageParam === null ? {} : { marker: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ links }) => markerOf(links.next),
    placeholderData: keepPreviousData,
  });

export const instanceQuery = (client: ApiClient, source: string, ref: string) =>
  queryOptions({
    queryKey: ['inventory', source, 'instance', ref],
    queryFn: async ({ signal }) =>
      (await client.call(routes.inventory.instance, { params: { ref }, query: { source }, signal })).instance,
  });

export const instanceCheckQuery = (
  client: ApiClient,
  source: string,
  ref: string,
  destination: string | null,
) =>
  queryOptions({
    queryKey: ['inventory', source, 'check', ref, destination],
    queryFn: ({ signal }) =>
      client.call(routes.preflight.instance, {
        params: { ref },
        query: { source, ...(destination === null ? {} : { destination }) },
        signal,
      }),
  });

/** Names that machines can be found by. */
export const facetQuery = (client: ApiClient, source: string, kind: 'hosts' | 'datastores' | 'networks') =>
  queryOptions({
    queryKey: ['inventory', source, kind],
    queryFn: async (): Promise<readonly string[]> => {
      const named = await allPages<{ readonly name: string }>(async (marker) => {
        const query = { source, limit: '1000', ...(marker === null ? {} : { marker }) };
        if (kind === 'hosts') {
          const { hosts, links } = await client.call(routes.inventory.hosts, { query });
          return { items: hosts, next: links.next };
        }
        if (kind === 'datastores') {
          const { datastores, links } = await client.call(routes.inventory.datastores, { query });
          return { items: datastores, next: links.next };
        }
        const { networks, links } = await client.call(routes.inventory.networks, { query });
        return { items: networks, next: links.next };
      });
      return [...new Set(named.map(({ name }) => name))].sort((a, b) =>
        a.localeCompare(b, undefined, { numeric: true }),
      );
    },
  });
