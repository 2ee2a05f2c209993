import { type ApiClient, type Endpoint, routes } from '@guts/contract';
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
