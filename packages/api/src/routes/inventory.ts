import { routes } from '@guts/contract';
import { GutsError, INVENTORY_SORT_KEYS, type InventoryKind, type InventoryRow } from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { given, limitOf, nextLink, pageOf, sortOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { snake } from '../wire/snake.ts';
import { findEndpoint } from './endpoints.ts';

export function inventoryRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  const { inventory } = routes;
  const lists = [
    ['instance', inventory.instances],
    ['network', inventory.networks],
    ['datastore', inventory.datastores],
    ['host', inventory.hosts],
  ] as const satisfies readonly (readonly [InventoryKind, unknown])[];
  for (const [kind, route] of lists) {
    serve(app, route as typeof inventory.instances, async ({ query, scope, href }) => {
      const source = await findEndpoint(parts, 'source', query.source, scope);
      const limit = limitOf(query);
      const sorting = sortOf(query, INVENTORY_SORT_KEYS);
      const { name, search, marker, power_state: power, host, datastore, network, folder, guest } = query;
      // By name, only the marker's own row tells where the list goes on.
      if (marker !== undefined && sorting.sort?.key === 'name')
        await pageOf(query, (ref) => store.getInventory(source.id, kind, ref));
      const rows = await store.listInventory(source.id, kind, {
        limit,
        ...sorting,
        ...given({ name, search, marker }),
        where: given({ power, host, datastore, network, folder, guest }),
      });
      const links = nextLink(href(route.path), query, limit, rows.at(-1)?.ref, rows.length);
      return { [`${kind}s`]: rows.map(toWire), links } as never;
    });
  }
  serve(app, inventory.instance, async ({ params, query, scope }) => {
    const source = await findEndpoint(parts, 'source', query.source, scope);
    const row = await store.getInventory(source.id, 'instance', params.ref);
    if (!row)
      throw new GutsError('not_found', `source "${source.name}" has no instance ${params.ref}`, {
        remedy: 'Refresh the source if it is new.',
      });
    return { instance: toWire(row) as never };
  });
}

function toWire(row: InventoryRow): unknown {
  return snake(row.data);
}
