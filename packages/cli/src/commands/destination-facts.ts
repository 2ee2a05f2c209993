import {
  type ApiClient,
  type DestinationFlavor,
  type DestinationNetwork,
  type DestinationVolumeType,
  routes,
  type Static,
} from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { examples } from '../examples.ts';
import { NAME_HELP } from '../find-named.ts';
import { type Column, showList, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';
import { allPages } from '../paging.ts';
import { findEndpoint } from '../find-endpoint.ts';

type Flavor = Static<typeof DestinationFlavor>;
type Network = Static<typeof DestinationNetwork>;
type VolumeType = Static<typeof DestinationVolumeType>;

const FLAVORS: readonly Column<Flavor>[] = [
  ['ID', (one) => one.id],
  ['Name', (one) => one.name],
  ['VCPUs', (one) => text(one.vcpus), (one) => one.vcpus],
  ['RAM', (one) => formatBytes(one.ram_mib * 2 ** 20), (one) => one.ram_mib * 2 ** 20],
  [
    'Disk',
    (one) => (one.disk_gib === 0 ? 'any' : formatBytes(one.disk_gib * 2 ** 30)),
    (one) => one.disk_gib * 2 ** 30,
  ],
  ['Ephemeral', (one) => formatBytes(one.ephemeral_gib * 2 ** 30), (one) => one.ephemeral_gib * 2 ** 30],
  [
    'Extra specs',
    (one) =>
      Object.entries(one.extra_specs)
        .map(([key, value]) => `${key}=${value}`)
        .join(', '),
  ],
];
const NETWORKS: readonly Column<Network>[] = [
  ['ID', (one) => one.id],
  ['Name', (one) => one.name],
  ['Subnets', (one) => one.subnets.map(({ name, cidr }) => `${name} (${cidr})`).join(', ')],
  ['Own', (one) => text(one.own)],
  ['Shared', (one) => text(one.shared)],
  ['External', (one) => text(one.external)],
];
const VOLUME_TYPES: readonly Column<VolumeType>[] = [
  ['ID', (one) => one.id],
  ['Name', (one) => one.name],
];

const KINDS = {
  flavors: routes.destinations.flavors,
  networks: routes.destinations.networks,
  volume_types: routes.destinations.volumeTypes,
};

function read<T>(client: ApiClient, kind: keyof typeof KINDS, id: string): Promise<T[]> {
  const route = KINDS[kind] as (typeof KINDS)['flavors'];
  return allPages(async (marker) => {
    const query = { limit: '1000', ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(route, { params: { id }, query });
    return { items: (answer as unknown as Record<string, T[]>)[kind] ?? [], next: answer.links.next };
  });
}

function addList<T>(
  group: Command,
  run: Run,
  kind: keyof typeof KINDS,
  columns: readonly Column<T>[],
  path: string,
): void {
  group
    .command('list')
    .argument('<destination>', NAME_HELP)
    .summary(`lists ${kind.replace('_', ' ')} of a destination, as last refreshed`)
    .addHelpText('after', examples(`guts destination ${path} list cloud`))
    .action((given: string) =>
      run(async (context) => {
        const { id } = await findEndpoint(context.client, 'destination', given);
        showList(context, await read<T>(context.client, kind, id), columns);
      }),
    );
}

/** `guts destination flavor|network|volume type list`: what there is to map to. */
export function addFactCommands(destination: Command, run: Run): void {
  const group = (parent: Command, name: string): Command =>
    parent.command(name).summary(`${name}s of a destination`);
  addList<Flavor>(group(destination, 'flavor'), run, 'flavors', FLAVORS, 'flavor');
  addList<Network>(group(destination, 'network'), run, 'networks', NETWORKS, 'network');
  const volume = destination.command('volume').summary('block storage of a destination');
  const type = volume.command('type').summary('volume types of a destination');
  addList<VolumeType>(type, run, 'volume_types', VOLUME_TYPES, 'volume type');
}
