import { type Datastore, type Host, type Instance, type Network, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { CliContext, Run } from '../context.ts';
import { type Column, showList, showOne, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';
import { allPages } from '../paging.ts';
import { addCheck } from './check.ts';

interface Options {
  readonly source: string;
  readonly search?: string;
  readonly name?: string;
}

const size = (disks: Instance['disks']): string =>
  formatBytes(disks.reduce((sum, disk) => sum + disk.capacity_bytes, 0));

const INSTANCE: readonly Column<Instance>[] = [
  ['Ref', (one) => one.ref],
  ['Name', (one) => one.name],
  ['Power', (one) => one.power_state],
  ['CPUs', (one) => text(one.cpus), (one) => one.cpus],
  ['Memory', (one) => formatBytes(one.memory_mib * 2 ** 20), (one) => one.memory_mib * 2 ** 20],
  ['Disks', (one) => `${one.disks.length} (${size(one.disks)})`],
  ['Firmware', (one) => one.firmware],
  ['Networks', (one) => one.nics.map((nic) => text(nic.network_name)).join(', ')],
];
const NETWORK: readonly Column<Network>[] = [
  ['Ref', (one) => one.ref],
  ['Name', (one) => one.name],
  ['Kind', (one) => one.kind],
];
const DATASTORE: readonly Column<Datastore>[] = [
  ['Ref', (one) => one.ref],
  ['Name', (one) => one.name],
  ['Kind', (one) => one.kind],
  [
    'Capacity',
    (one) => (one.capacity_bytes === null ? '-' : formatBytes(one.capacity_bytes)),
    (one) => one.capacity_bytes,
  ],
  ['Free', (one) => (one.free_bytes === null ? '-' : formatBytes(one.free_bytes)), (one) => one.free_bytes],
];
const HOST: readonly Column<Host>[] = [
  ['Ref', (one) => one.ref],
  ['Name', (one) => one.name],
  ['Connected', (one) => text(one.connected)],
];

function addList<T>(
  parent: Command,
  run: Run,
  kind: 'instances' | 'networks' | 'datastores' | 'hosts',
  columns: readonly Column<T>[],
): void {
  parent
    .command('list')
    .summary(`lists ${kind} of a source, as last refreshed`)
    .requiredOption('--source <name>', 'name or id of the source')
    .option('--name <name>', 'exactly this name')
    .option('--search <text>', 'part of a name or path')
    .action((options: Options) =>
      run(async (context) => showList(context, await read<T>(context, kind, options), columns)),
    );
}

function read<T>(
  { client }: CliContext,
  kind: 'instances' | 'networks' | 'datastores' | 'hosts',
  options: Options,
): Promise<T[]> {
  const route = routes.inventory[kind] as typeof routes.inventory.instances;
  return allPages(async (marker) => {
    const { source, name, search } = options;
    const query = {
      source,
      limit: '1000',
      ...(name === undefined ? {} : { name }),
      ...(search === undefined ? {} : { search }),
      ...(marker === undefined ? {} : { marker }),
    };
    const answer = await client.call(route, { query });
    return { items: (answer as unknown as Record<string, T[]>)[kind] ?? [], next: answer.links.next };
  });
}

/** `guts instance|network|datastore|host …`. */
export function addInventoryCommands(program: Command, run: Run): void {
  const instance = program.command('instance').summary('machines of a source');
  addList<Instance>(instance, run, 'instances', INSTANCE);
  instance
    .command('show <ref>')
    .summary('shows a machine by its ref')
    .requiredOption('--source <name>', 'name or id of the source')
    .action((ref: string, { source }: Options) =>
      run(async (context) => {
        const answer = await context.client.call(routes.inventory.instance, {
          params: { ref },
          query: { source },
        });
        showOne(context, answer.instance);
      }),
    );
  addCheck(instance, run);
  addList<Network>(program.command('network').summary('networks of a source'), run, 'networks', NETWORK);
  addList<Datastore>(
    program.command('datastore').summary('datastores of a source'),
    run,
    'datastores',
    DATASTORE,
  );
  addList<Host>(program.command('host').summary('hosts of a source'), run, 'hosts', HOST);
}
