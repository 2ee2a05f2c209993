import {
  type ApiClient,
  type Instance,
  type NewMigration,
  type PreflightQuestion,
  routes,
} from '@guts/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { allPages } from '../api/pages.ts';

/** Of so many machines each is looked at by itself; of more the sum is told. */
export const MOST_ALONE = 20;
/** So many are asked for one by one. */
const ONE_BY_ONE = 50;

/** The machines of a draft; one that is gone is left out. */
export const draftInstancesQuery = (client: ApiClient, source: string, refs: readonly string[]) =>
  queryOptions({
    queryKey: ['inventory', source, 'chosen', refs],
    queryFn: async ({ signal }): Promise<readonly Instance[]> => {
      if (refs.length <= ONE_BY_ONE) {
        const found = await Promise.all(
          refs.map((ref) =>
            client
              .call(routes.inventory.instance, { params: { ref }, query: { source }, signal })
              .then(({ instance }) => instance)
              .catch((error: unknown) => {
                if ((error as { status?: number }).status === 404) return null;
                throw error;
              }),
          ),
        );
        return found.filter((one) => one !== null);
      }
      const wanted = new Set(refs);
      const all = await allPages<Instance>(async (marker) => {
        const query = { source, limit: '1000', ...(marker === null ? {} : { marker }) };
        const { instances, links } = await client.call(routes.inventory.instances, { query, signal });
        return { items: instances.filter(({ ref }) => wanted.has(ref)), next: links.next };
      });
      return all;
    },
    enabled: source !== '' && refs.length > 0,
    placeholderData: keepPreviousData,
  });

function questionOf(body: Omit<NewMigration, 'instance'>, instances: readonly string[]): PreflightQuestion {
  const {
    name: _name,
    target_name: _target,
    purpose: _purpose,
    priority: _priority,
    dry_run: _dry,
    policies,
    ...asked
  } = body;
  // How a boot is proven is nothing to preflight: it is not asked anew while somebody types that.
  const { boot_pattern: _pattern, boot_seconds: _seconds, ...rest } = policies ?? {};
  const others = Object.keys(rest).length === 0 ? {} : { policies: rest };
  return { ...asked, ...others, instances: [...instances] };
}

/** What preflight says of each machine. */
export const checksQuery = (
  client: ApiClient,
  body: Omit<NewMigration, 'instance'>,
  instances: readonly string[],
) => {
  const question = questionOf(body, instances);
  return queryOptions({
    queryKey: ['preflight', 'checks', question],
    queryFn: ({ signal }) =>
      client.call(routes.preflight.check, { body: question, query: { limit: '1000' }, signal }),
    placeholderData: keepPreviousData,
  });
};

/** What preflight says of all together. */
export const summaryQuery = (
  client: ApiClient,
  body: Omit<NewMigration, 'instance'>,
  instances: readonly string[],
) => {
  const question = questionOf(body, instances);
  return queryOptions({
    queryKey: ['preflight', 'summary', question],
    queryFn: async ({ signal }) =>
      (await client.call(routes.preflight.summary, { body: question, signal })).summary,
    placeholderData: keepPreviousData,
  });
};

export const mappingsQuery = (client: ApiClient) =>
  queryOptions({
    queryKey: ['mappings'],
    queryFn: () =>
      allPages(async (marker) => {
        const { mappings, links } = await client.call(routes.mappings.list, {
          query: { limit: '1000', sort: 'name', ...(marker === null ? {} : { marker }) },
        });
        return { items: mappings, next: links.next };
      }),
  });

export const targetNetworksQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['destinations', id, 'networks'],
    queryFn: () =>
      allPages(async (marker) => {
        const { networks, links } = await client.call(routes.destinations.networks, {
          params: { id },
          query: { limit: '1000', ...(marker === null ? {} : { marker }) },
        });
        return { items: networks, next: links.next };
      }),
    enabled: id !== '',
  });

export const flavorsQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['destinations', id, 'flavors'],
    queryFn: () =>
      allPages(async (marker) => {
        const { flavors, links } = await client.call(routes.destinations.flavors, {
          params: { id },
          query: { limit: '1000', ...(marker === null ? {} : { marker }) },
        });
        return { items: flavors, next: links.next };
      }),
    enabled: id !== '',
  });

export const volumeTypesQuery = (client: ApiClient, id: string) =>
  queryOptions({
    queryKey: ['destinations', id, 'volume types'],
    queryFn: () =>
      allPages(async (marker) => {
        const { volume_types: types, links } = await client.call(routes.destinations.volumeTypes, {
          params: { id },
          query: { limit: '1000', ...(marker === null ? {} : { marker }) },
        });
        return { items: types, next: links.next };
      }),
    enabled: id !== '',
  });
