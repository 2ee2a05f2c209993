import { readFileSync } from 'node:fs';
import type { Endpoint, EndpointChange } from '@guts/contract';
import type { Command } from 'commander';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { findEndpoint, listEndpoints, oneOf, routesOf, type Side } from '../find-endpoint.ts';
import { NAME_HELP } from '../find-named.ts';
import { showList, showOne, text } from '../output/show.ts';
import { readSecretFile } from '../secret-file.ts';
import { addFactCommands } from './destination-facts.ts';
import { showOperation } from './operations.ts';

const SECRET_FILE = 'YAML or JSON file with the secret (password: …); - is standard input';

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

async function act(
  context: CliContext,
  side: Side,
  name: string,
  action: 'validate' | 'refresh',
  wait: boolean,
): Promise<void> {
  const { client } = context;
  const endpoint = await findEndpoint(client, side, name);
  const { operation } = await client.call(routesOf(side).act, {
    params: { id: endpoint.id },
    body: { action },
  });
  await showOperation(context, operation, wait);
}

const NOUN = { source: 'vc', destination: 'cloud' } as const;
const FACTS = { source: 'its inventory', destination: 'its flavors, networks and volume types' } as const;

function addActions(group: Command, run: Run, side: Side): void {
  for (const [action, summary] of [
    ['validate', 'connects to it, and tells what it is and what is lacking'],
    ['refresh', `reads ${FACTS[side]}`],
  ] as const)
    group
      .command(action)
      .argument(`<${side}>`, NAME_HELP)
      .summary(summary)
      .option('--wait', 'stays until that has ended (default)', true)
      .option('--no-wait', 'shows the operation that does it, and leaves')
      .addHelpText(
        'after',
        examples(`guts ${side} ${action} ${NOUN[side]}`, `guts ${side} ${action} ${NOUN[side]} --no-wait`),
      )
      .action((name: string, { wait }: { wait: boolean }) =>
        run((context) => act(context, side, name, action, wait)),
      );
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

function addEndpointCommands(group: Command, run: Run, side: Side): void {
  const noun = NOUN[side];
  group
    .command('list')
    .summary(`lists ${side}s`)
    .addHelpText('after', examples(`guts ${side} list`, `guts ${side} list -f value -c Name`))
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
    .command('show')
    .argument(`<${side}>`, NAME_HELP)
    .summary(`shows a ${side}`)
    .addHelpText('after', examples(`guts ${side} show ${noun}`, `guts ${side} show ${noun} -f json`))
    .action((name: string) =>
      run(async (context) => showOne(context, await findEndpoint(context.client, side, name))),
    );
  group
    .command('create <name>')
    .summary(`makes a ${side}`)
    .option('--driver <driver>', 'driver', side === 'source' ? 'vsphere' : 'openstack')
    .option('--set <key=value...>', 'settings; a value that starts with @ is read from that file', [])
    .option('--secret-file <file>', SECRET_FILE)
    .addHelpText(
      'after',
      side === 'source'
        ? examples(
            'guts source create vc --set url=https://vcenter.example.org --set username=guts@vsphere.local --set ca=@ca.pem --secret-file vc.yaml',
          )
        : examples(
            'guts destination create cloud --set auth_url=https://keystone.example.org/v3 --set region=RegionOne --secret-file cloud.yaml',
          ),
    )
    .action((name: string, options: { driver: string; set: string[]; secretFile?: string }) =>
      run(async (context) => {
        const secret = options.secretFile === undefined ? {} : await readSecretFile(options.secretFile);
        const body = { name, driver: options.driver, settings: settingsOf(options.set), secret };
        showOne(context, oneOf(await context.client.call(routesOf(side).create, { body }), side));
      }),
    );
  group
    .command('set')
    .argument(`<${side}>`, NAME_HELP)
    .summary(`changes a ${side}: settings, secret or name`)
    .description(
      `Changes what is given of a ${side} and leaves the rest. A secret is replaced whole. What was found out by validate is to be found out anew.`,
    )
    .option('--set <key=value...>', 'settings; a value that starts with @ is read from that file', [])
    .option('--unset <key...>', 'drops these settings', [])
    .option('--secret-file <file>', SECRET_FILE)
    .option('--name <name>', 'a new name')
    .addHelpText(
      'after',
      examples(
        `guts ${side} set ${noun} --secret-file new.yaml`,
        `guts ${side} set ${noun} --unset insecure`,
      ),
    )
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
    .command('delete')
    .argument(`<${side}>`, NAME_HELP)
    .summary(`deletes a ${side}`)
    .addHelpText('after', examples(`guts ${side} delete ${noun}`))
    .action((name: string) =>
      run(async ({ client }) => {
        const { id } = await findEndpoint(client, side, name);
        await client.call(routesOf(side).remove, { params: { id } });
      }),
    );
  addActions(group, run, side);
  if (side === 'destination') addFactCommands(group, run);
}

/** `guts source …`. */
export const addSourceCommands = (group: Command, run: Run): void =>
  addEndpointCommands(group, run, 'source');

/** `guts destination …`. */
export const addDestinationCommands = (group: Command, run: Run): void =>
  addEndpointCommands(group, run, 'destination');
