import type { Volume } from '@guts/contract';
import type { Instance, Store } from '@guts/core';
import { snake } from '../wire/snake.ts';

const PAGE = 200;

interface VolumeQuery {
  readonly limit: number;
  /** Of the last volume before; null: from the start. */
  readonly after: { readonly instance: string; readonly key: string } | null;
  readonly instance: string | undefined;
  /** Ref, or name in either case. */
  readonly datastore: string | undefined;
}

function volumesOf(instance: Instance, datastore: string | undefined): Volume[] {
  const bootKey = instance.bootDiskKey ?? instance.disks[0]?.key;
  const lies = (text: string | null): boolean => text?.toLowerCase() === datastore?.toLowerCase();
  return instance.disks
    .filter((disk) => datastore === undefined || lies(disk.datastoreRef) || lies(disk.datastoreName))
    .map((disk) => ({
      id: `${instance.ref}/${disk.key}`,
      instance_ref: instance.ref,
      instance_name: instance.name,
      boot: disk.key === bootKey,
      ...snake(disk),
      obstacles: [...disk.obstacles],
    }));
}

/** Disks of the instances of a source, in the order of the instances' refs. */
export async function readVolumes(
  store: Pick<Store, 'getInventory' | 'listInventory'>,
  sourceId: string,
  { limit, after, instance, datastore }: VolumeQuery,
): Promise<Volume[]> {
  const found: Volume[] = [];
  const add = (one: Instance): void => {
    const volumes = volumesOf(one, datastore);
    const last = one.ref === after?.instance ? volumes.findIndex(({ key }) => key === after.key) : -1;
    found.push(...volumes.slice(last + 1));
  };
  const only = instance ?? after?.instance;
  const first = only === undefined ? null : await store.getInventory(sourceId, 'instance', only);
  if (first && (after === null || after.instance === only)) add(first.data as Instance);
  if (instance !== undefined) return found.slice(0, limit);
  let marker = after?.instance;
  while (found.length < limit) {
    const rows = await store.listInventory(sourceId, 'instance', {
      limit: PAGE,
      ...(marker === undefined ? {} : { marker }),
      ...(datastore === undefined ? {} : { where: { datastore } }),
    });
    for (const row of rows) add(row.data as Instance);
    if (rows.length < PAGE) break;
    marker = rows.at(-1)?.ref;
  }
  return found.slice(0, limit);
}
