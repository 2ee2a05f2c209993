import {
  ApiCallError,
  type Datastore,
  type Host,
  type Instance,
  type Network,
  routes,
  type Volume,
} from '@guts/contract';
import type { Command } from 'commander';
import type { CliContext, Run } from '../context.ts';
import { examples } from '../examples.ts';
import { only } from '../only.ts';
import { type Column, showList, showOne, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';
import { allPages } from '../paging.ts';
import { sourceOf } from '../find-endpoint.ts';
import { addCheck } from './check.ts';

const SOURCE_HELP = 'name or id of the source, or the beginning of its id';

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
    .requiredOption('--source <name>', SOURCE_HELP)
    .option('--name <name>', 'exactly this name')
    .option('--search <text>', 'part of a name or path')
    .addHelpText(
      'after',
      examples(
        `guts ${kind.slice(0, -1)} list --source vc`,
        `guts ${kind.slice(0, -1)} list --source vc --search prod -f csv`,
      ),
    )
    .action((options: Options) =>
      run(async (context) => showList(context, await read<T>(context, kind, options), columns)),
    );
}

async function read<T>(
  { client }: CliContext,
  kind: 'instances' | 'networks' | 'datastores' | 'hosts',
  options: Options,
): Promise<T[]> {
  const route = routes.inventory[kind] as typeof routes.inventory.instances;
  const source = await sourceOf(client, options.source);
  return allPages(async (marker) => {
    const { name, search } = options;
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

/** `guts instance …`. */
export function addInstanceCommands(group: Command, run: Run): void {
  addList<Instance>(group, run, 'instances', INSTANCE);
  group
    .command('show <ref>')
    .summary('shows a machine by its ref')
    .requiredOption('--source <name>', SOURCE_HELP)
    .addHelpText('after', examples('guts instance show vm-42 --source vc'))
    .action((ref: string, { source }: Options) =>
      run(async (context) => {
        const { client } = context;
        const query = { source: await sourceOf(client, source) };
        showOne(context, (await client.call(routes.inventory.instance, { params: { ref }, query })).instance);
      }),
    );
  addCheck(group, run);
}

/** `guts network …`. */
export function addNetworkCommands(group: Command, run: Run): void {
  addList<Network>(group, run, 'networks', NETWORK);
}

/** `guts datastore …`. */
export function addDatastoreCommands(group: Command, run: Run): void {
  addList<Datastore>(group, run, 'datastores', DATASTORE);
}

/** `guts host …`. */
export function addHostCommands(group: Command, run: Run): void {
  addList<Host>(group, run, 'hosts', HOST);
}

const VOLUME: readonly Column<Volume>[] = [
  ['ID', (one) => one.id],
  ['Instance', (one) => one.instance_name],
  ['Label', (one) => one.label],
  ['Size', (one) => formatBytes(one.capacity_bytes), (one) => one.capacity_bytes],
  ['Datastore', (one) => text(one.datastore_name)],
  ['Boot', (one) => text(one.boot)],
];
interface VolumeOptions {
  readonly source: string;
  readonly instance?: string;
  readonly datastore?: string;
}

async function readVolumes({ client }: CliContext, options: VolumeOptions): Promise<Volume[]> {
  const source = await sourceOf(client, options.source);
  const filter = only(options, ['instance', 'datastore']);
  return allPages(async (marker) => {
    const query = { source, ...filter, limit: '1000', ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routes.volumes, { query });
    return { items: answer.volumes, next: answer.links.next };
  });
}

/** `guts volume …`. */
export function addVolumeCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('lists disks of the instances of a source, as last refreshed')
    .requiredOption('--source <name>', SOURCE_HELP)
    .option('--instance <ref>', 'only those of this instance')
    .option('--datastore <name>', 'only those on this datastore, by name or ref')
    .addHelpText(
      'after',
      examples(
        'guts volume list --source vc --instance vm-42',
        'guts volume list --source vc --datastore ssd-01 -f csv',
      ),
    )
    .action((options: VolumeOptions) =>
      run(async (context) => showList(context, await readVolumes(context, options), VOLUME)),
    );
  group
    .command('show <id>')
    .summary('shows a disk: INSTANCE-REF/KEY, as guts volume list has it')
    .requiredOption('--source <name>', SOURCE_HELP)
    .addHelpText('after', examples('guts volume show vm-42/2000 --source vc'))
    .action((id: string, { source }: VolumeOptions) =>
      run(async (context) => {
        const [instance = ''] = id.split('/');
        const volumes = instance === '' ? [] : await readVolumes(context, { source, instance });
        const volume = volumes.find((one) => one.id === id);
        if (!volume)
          throw new ApiCallError(`there is no volume "${id}" at that source`, {
            status: 0,
            code: 'not_found',
            remedy: 'guts volume list shows what there is; guts source refresh reads what is new.',
          });
        showOne(context, volume);
      }),
    );
}
