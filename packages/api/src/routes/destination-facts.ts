import { routes } from '@guts/contract';
import type { DestinationFacts, ProjectScope } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { limitOf, nextLink } from '../paging.ts';
import { factsOf } from '../preflight/questions.ts';
import { serve } from '../serve.ts';
import { findEndpoint } from './endpoints.ts';

type Query = Readonly<Partial<Record<'limit' | 'marker' | 'name', string>>>;

/** A page of what one row holds whole, by id. */
function pageOf<T extends { readonly id: string; readonly name: string }>(
  all: readonly T[],
  query: Query,
  path: string,
): { items: T[]; links: { next: string | null } } {
  const limit = limitOf(query);
  const { marker, name } = query;
  const items = all
    .filter((one) => (name === undefined || one.name === name) && (marker === undefined || one.id > marker))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  return { items, links: nextLink(path, query, limit, items.at(-1)?.id, items.length) };
}

/** What a destination has to map to: guts-api opens no connection, so it is as the last refresh found it. */
export function destinationFactRoutes(app: FastifyInstance, parts: ApiParts): void {
  const facts = async (id: string, scope: ProjectScope): Promise<DestinationFacts> => {
    const destination = await findEndpoint(parts, 'destination', id, scope);
    return factsOf(parts, destination);
  };
  const { flavors, networks, volumeTypes } = routes.destinations;
  const pathOf = (path: string, id: string): string => path.replace(':id', encodeURIComponent(id));

  serve(app, flavors, async ({ params, query, scope, href }) => {
    const all = (await facts(params.id, scope)).flavors;
    const { items, links } = pageOf(all, query, href(pathOf(flavors.path, params.id)));
    const wire = items.map((one) => ({
      id: one.id,
      name: one.name,
      vcpus: one.vcpus,
      ram_mib: one.ramMiB,
      disk_gib: one.diskGiB,
      ephemeral_gib: one.ephemeralGiB,
      extra_specs: { ...one.extraSpecs },
    }));
    return { flavors: wire, links };
  });

  serve(app, networks, async ({ params, query, scope, href }) => {
    const all = (await facts(params.id, scope)).networks;
    const { items, links } = pageOf(all, query, href(pathOf(networks.path, params.id)));
    const wire = items.map(({ subnets, ...one }) => ({
      ...one,
      subnets: subnets.map(({ ipVersion, ...subnet }) => ({ ...subnet, ip_version: ipVersion })),
    }));
    return { networks: wire, links };
  });

  serve(app, volumeTypes, async ({ params, query, scope, href }) => {
    // A volume is made with the name of its type: that is what it is known by here.
    const all = (await facts(params.id, scope)).volumeTypes.map((name) => ({ id: name, name }));
    const { items, links } = pageOf(all, query, href(pathOf(volumeTypes.path, params.id)));
    return { volume_types: items, links };
  });
}
