import { readFileSync } from 'node:fs';
import { type ApiClient, type Endpoint, type EndpointChange, routes } from '@guts/contract';
import type { Command } from 'commander';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { showList, showOne, text } from '../output/show.ts';
import { allPages } from '../paging.ts';
import { readSecretFile } from '../secret-file.ts';
import { waitForOperation } from '../wait-operation.ts';

const SECRET_FILE = 'YAML or JSON file with the secret (password: …); - is standard input';

export type Side = 'source' | 'destination';

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`a setting cannot be read: ${(error as Error).message}`);
  }
}

/** `key=value` pairs; `true` and `false` are booleans, `@FILE` is what the file holds. */
function settingsOf(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`"${pair}" is no KEY=VALUE`);
      const value = pair.slice(at + 1);
      if (value.startsWith('@')) return [pair.slice(0, at), contentOf(value.slice(1))];
      return [pair.slice(0, at), /^(true|false)$/.test(value) ? value === 'true' : value];
    }),
  );
}

// Both sides have the same routes; only the name of the thing differs.
export const routesOf = (side: Side): typeof routes.sources =>
  side === 'source' ? routes.sources : (routes.destinations as unknown as typeof routes.sources);
const oneOf = (answer: unknown, side: Side): Endpoint => (answer as Record<Side, Endpoint>)[side];

export function listEndpoints(client: ApiClient, side: Side, name?: string): Promise<Endpoint[]> {
  return allPages(async (marker) => {
    const query = { ...(name === undefined ? {} : { name }), ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routesOf(side).list, { query });
    const items = (answer as unknown as Record<string, Endpoint[]>)[`${side}s`] ?? [];
    return { items, next: answer.links.next };
  });
}

/** By name, else by id. */
export async function findEndpoint(client: ApiClient, side: Side, nameOrId: string): Promise<Endpoint> {
  const [named] = await listEndpoints(client, side, nameOrId);
  return named ?? oneOf(await client.call(routesOf(side).show, { params: { id: nameOrId } }), side);
}

async function act(
  context: CliContext,
  side: Side,
  name: string,
  action: 'validate' | 'refresh',
): Promise<void> {
  const { client } = context;
  const endpoint = await findEndpoint(client, side, name);
  const { operation } = await client.call(routesOf(side).act, {
    params: { id: endpoint.id },
    body: { action },
  });
  const ended = await waitForOperation(context, operation);
  showOne(context, ended);
  if (ended.status !== 'done') context.exit(1);
}

interface Change {
  readonly set: readonly string[];
  readonly unset: readonly string[];
  readonly secretFile?: string;
  readonly name?: string;
}

/** The API takes settings whole: those that are not named stay as they are. @throws UsageError */
async function changeOf({ settings: before }: Endpoint, change: Change): Promise<EndpointChange> {
  const { set, unset, secretFile, name } = change;
  const unknown = unset.find((key) => !(key in before));
  if (unknown !== undefined) throw new UsageError(`there is no setting "${unknown}" to drop`);
  const kept = Object.entries(before).filter(([key]) => !unset.includes(key));
  const settings = { ...Object.fromEntries(kept), ...settingsOf(set) };
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(set.length + unset.length === 0 ? {} : { settings }),
    ...(secretFile === undefined ? {} : { secret: await readSecretFile(secretFile) }),
  };
  if (Object.keys(body).length > 0) return body;
  throw new UsageError('say what to change: --set, --unset, --secret-file or --name');
}

/** `guts source …` or `guts destination …`. */
export function addEndpointCommands(program: Command, run: Run, side: Side): void {
  const group = program
    .command(side)
    .summary(`${side}s: where machines ${side === 'source' ? 'come from' : 'go to'}`);
  group
    .command('list')
    .summary(`lists ${side}s`)
    .action(() =>
      run(async (context) =>
        showList(context, await listEndpoints(context.client, side), [
          ['ID', (one) => one.id],
          ['Name', (one) => one.name],
          ['Driver', (one) => one.driver],
          ['Status', (one) => one.status],
          ['Address', (one) => text(one.settings['url'] ?? one.settings['auth_url'])],
        ]),
      ),
    );
  group
    .command('show <name>')
    .summary(`shows a ${side}, by name or id`)
    .action((name: string) =>
      run(async (context) => showOne(context, await findEndpoint(context.client, side, name))),
    );
  group
    .command('create <name>')
    .summary(`makes a ${side}`)
    .option('--driver <driver>', 'driver', side === 'source' ? 'vsphere' : 'openstack')
    .option('--set <key=value...>', 'settings; a value that starts with @ is read from that file', [])
    .option('--secret-file <file>', SECRET_FILE)
    .action((name: string, options: { driver: string; set: string[]; secretFile?: string }) =>
      run(async (context) => {
        const secret = options.secretFile === undefined ? {} : await readSecretFile(options.secretFile);
        const body = { name, driver: options.driver, settings: settingsOf(options.set), secret };
        showOne(context, oneOf(await context.client.call(routesOf(side).create, { body }), side));
      }),
    );
  group
    .command('set <name>')
    .summary(`changes a ${side}: settings, secret or name`)
    .description(
      `Changes what is given of a ${side} and leaves the rest. A secret is replaced whole. What was found out by validate is to be found out anew.`,
    )
    .option('--set <key=value...>', 'settings; a value that starts with @ is read from that file', [])
    .option('--unset <key...>', 'drops these settings', [])
    .option('--secret-file <file>', SECRET_FILE)
    .option('--name <name>', 'a new name')
    .action((name: string, change: Change) =>
      run(async (context) => {
        const { client } = context;
        const endpoint = await findEndpoint(client, side, name);
        const body = await changeOf(endpoint, change);
        const input = { params: { id: endpoint.id }, body };
        showOne(context, oneOf(await client.call(routesOf(side).update, input), side));
      }),
    );
  group
    .command('delete <name>')
    .summary(`deletes a ${side}`)
    .action((name: string) =>
      run(async ({ client }) => {
        const { id } = await findEndpoint(client, side, name);
        await client.call(routesOf(side).remove, { params: { id } });
      }),
    );
  group
    .command('validate <name>')
    .summary('connects to it and tells what it is')
    .action((name: string) => run((context) => act(context, side, name, 'validate')));
  if (side === 'source')
    group
      .command('refresh <name>')
      .summary('reads its inventory')
      .action((name: string) => run((context) => act(context, side, name, 'refresh')));
}
