import { type ApiClient, routes } from '@guts/contract';
import { queryOptions } from '@tanstack/react-query';

/** Heartbeats come with no event. */
const LOOK_MS = 10_000;

export const servicesQuery = (client: ApiClient) =>
  queryOptions({
    queryKey: ['services'],
    queryFn: async ({ signal }) => (await client.call(routes.services.list, { signal })).services,
    refetchInterval: LOOK_MS,
  });

export const limitsQuery = (client: ApiClient) =>
  queryOptions({
    queryKey: ['services', 'limits'],
    queryFn: ({ signal }) => client.call(routes.limits, { signal }),
    refetchInterval: LOOK_MS,
  });
