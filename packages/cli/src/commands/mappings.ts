import { type ApiClient, type NamedMapping, routes } from '@guts/contract';
import type { Command } from 'commander';
import { type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { findNamed, NAME_HELP } from '../find-named.ts';
import { readMapFile } from '../map-file.ts';
import { addMappingOptions, type Mapping, mappingOf, type MappingOptions } from '../mapping-options.ts';
import { type Column, showList, showOne, text } from '../output/show.ts';
import { allPages } from '../paging.ts';

const KINDS = { network: 'networks', nic: 'nics', 'volume-type': 'datastores', disk: 'disks' } as const;
const FILE_HELP =
  'YAML or JSON file of the mapping, as guts mapping show -f yaml writes it; - is standard input';

const count = (map: object | undefined): string => String(Object.keys(map ?? {}).length);
const COLUMNS: readonly Column<NamedMapping>[] = [
  ['ID', (one) => one.id],
  ['Name', (one) => one.name],
  ['Description', (one) => text(one.description)],
  ['Networks', (one) => count(one.mapping.networks)],
  ['NICs', (one) => count(one.mapping.nics)],
  ['Datastores', (one) => count(one.mapping.datastores)],
  ['Disks', (one) => count(one.mapping.disks)],
];

function listMappings(client: ApiClient, name?: string): Promise<NamedMapping[]> {
  return allPages(async (marker) => {
    const query = { ...(name === undefined ? {} : { name }), ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routes.mappings.list, { query });
    return { items: answer.mappings, next: answer.links.next };
  });
}

/** @throws ApiCallError `not_found`, `ambiguous` */
export function findMapping(client: ApiClient, given: string): Promise<NamedMapping> {
  return findNamed('mapping', given, (name) => listMappings(client, name));
}

/** A file may hold the mapping itself, or all that is shown of one. guts-api checks what is in it. */
async function mappingIn(path: string): Promise<Mapping> {
  const map = await readMapFile(path, {
    what: 'the mapping',
    like: 'networks: {VM Network: {network: prod}}',
  });
  const mapping: Mapping = map['mapping'] ?? map;
  return mapping;
}

interface Options extends MappingOptions {
  readonly file?: string;
  readonly description?: string;
}

const isEmpty = (mapping: Mapping): boolean =>
  Object.values(mapping).every((map) => Object.keys(map).length === 0);

/** What options say stands over what was there. */
function merged(before: Mapping, over: Required<Mapping>): Required<Mapping> {
  return {
    networks: { ...before.networks, ...over.networks },
    nics: { ...before.nics, ...over.nics },
    datastores: { ...before.datastores, ...over.datastores },
    disks: { ...before.disks, ...over.disks },
  };
}

/** Without entries, each named as KIND=NAME. @throws UsageError for what is not there */
function without(mapping: Required<Mapping>, entries: readonly string[]): Required<Mapping> {
  const left: Record<string, Readonly<Record<string, unknown>>> = { ...mapping };
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const kind = Object.entries(KINDS).find(([word]) => word === entry.slice(0, at))?.[1];
    if (kind === undefined)
      throw new UsageError(`"${entry}" is not KIND=NAME; kinds are ${Object.keys(KINDS).join(', ')}`);
    const { [entry.slice(at + 1)]: gone, ...rest } = left[kind] ?? {};
    if (gone === undefined) throw new UsageError(`the mapping has no "${entry}" to drop`);
    left[kind] = rest;
  }
  return left as Required<Mapping>;
}

interface Change extends Options {
  readonly name?: string;
  readonly unset: readonly string[];
}

/** @throws UsageError */
async function changeOf(before: NamedMapping, change: Change) {
  const { name, description, file, unset } = change;
  const over = mappingOf(change);
  const touched = file !== undefined || unset.length > 0 || !isEmpty(over);
  const base = file === undefined ? before.mapping : await mappingIn(file);
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description: description === '' ? null : description }),
    ...(touched ? { mapping: without(merged(base, over), unset) } : {}),
  };
  if (Object.keys(body).length > 0) return body;
  throw new UsageError(
    'say what to change: --network, --volume-type, --unset, --file, --name, --description',
  );
}

function addChanges(group: Command, run: Run): void {
  addMappingOptions(
    group
      .command('create <name>')
      .summary('stores a mapping under a name, from options or a file')
      .description('Stores a mapping under a name. Options stand over what the file says.')
      .option('--file <file>', FILE_HELP)
      .option('--description <text>', 'what it is for'),
  )
    .addHelpText(
      'after',
      examples(
        'guts mapping create prod --network "VM Network=private" --volume-type "ssd-01=fast"',
        'guts mapping create prod --file mapping.yaml',
      ),
    )
    .action((name: string, options: Options) =>
      run(async (context) => {
        const base = options.file === undefined ? {} : await mappingIn(options.file);
        const { description } = options;
        const body = {
          name,
          ...(description === undefined ? {} : { description }),
          mapping: merged(base, mappingOf(options)),
        };
        showOne(context, (await context.client.call(routes.mappings.create, { body })).mapping);
      }),
    );
  addMappingOptions(
    group
      .command('set')
      .argument('<mapping>', NAME_HELP)
      .summary('changes a mapping; migrations that are there keep theirs')
      .description(
        'Changes what is given of a mapping and leaves the rest; --file replaces the whole mapping. Migrations that are there keep what they were made with.',
      )
      .option('--file <file>', FILE_HELP)
      .option('--unset <entry...>', `drops this; KIND=NAME, kinds: ${Object.keys(KINDS).join(', ')}`, [])
      .option('--name <name>', 'a new name')
      .option('--description <text>', 'a new description; empty: none'),
  )
    .addHelpText(
      'after',
      examples(
        'guts mapping set prod --network "DMZ=dmz/dmz-v4"',
        'guts mapping set prod --unset "network=DMZ" --name production',
      ),
    )
    .action((given: string, change: Change) =>
      run(async (context) => {
        const { client } = context;
        const found = await findMapping(client, given);
        const input = { params: { id: found.id }, body: await changeOf(found, change) };
        showOne(context, (await client.call(routes.mappings.update, input)).mapping);
      }),
    );
  group
    .command('delete')
    .argument('<mapping>', NAME_HELP)
    .summary('deletes a mapping; migrations that are there keep theirs')
    .addHelpText('after', examples('guts mapping delete prod'))
    .action((given: string) =>
      run(async ({ client }) => {
        const { id } = await findMapping(client, given);
        await client.call(routes.mappings.remove, { params: { id } });
      }),
    );
}

/** `guts mapping …`. */
export function addMappingCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('lists stored mappings')
    .addHelpText('after', examples('guts mapping list', 'guts mapping list -f value -c Name'))
    .action(() => run(async (context) => showList(context, await listMappings(context.client), COLUMNS)));
  group
    .command('show')
    .argument('<mapping>', NAME_HELP)
    .summary('shows a stored mapping')
    .addHelpText('after', examples('guts mapping show prod', 'guts mapping show prod -f yaml -c mapping'))
    .action((given: string) =>
      run(async (context) => showOne(context, await findMapping(context.client, given))),
    );
  addChanges(group, run);
}
