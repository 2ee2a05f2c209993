import { Argument, type Command } from 'commander';
import { addCloudOptions } from './cloud-options.ts';
import { terminalAsk } from './confirm.ts';
import { connect, type ConnectParts } from './connect.ts';
import { type Ask, type Output, type Run, UsageError } from './context.ts';
import { examples } from './examples.ts';
import type { LazyGroups } from './lazy-groups.ts';
import { addShapeOptions, PLAIN, type Shape, shapeOf } from './output/shape.ts';

export interface ClientParts extends ConnectParts {
  readonly out: Output;
  /** How to ask a person; null: nobody is there. Left out: on this process's terminal, if it has one. */
  readonly ask?: Ask | null;
  readonly setExitCode: (code: number) => void;
}

type Add = (group: Command, run: Run) => void;

/** What each group is, and where its commands come from once one of them is called. */
const GROUPS: Readonly<Record<string, readonly [summary: string, load: () => Promise<Add>]>> = {
  source: ['sources: where machines come from', async () => (await endpoints()).addSourceCommands],
  destination: ['destinations: where machines go to', async () => (await endpoints()).addDestinationCommands],
  instance: ['machines of a source', async () => (await inventory()).addInstanceCommands],
  volume: ['disks of the machines of a source', async () => (await inventory()).addVolumeCommands],
  network: ['networks of a source', async () => (await inventory()).addNetworkCommands],
  datastore: ['datastores of a source', async () => (await inventory()).addDatastoreCommands],
  host: ['hosts of a source', async () => (await inventory()).addHostCommands],
  mapping: [
    'stored mappings: where networks and datastores go',
    async () => (await import('./commands/mappings.ts')).addMappingCommands,
  ],
  migration: ['migrations', async () => (await import('./commands/migrations.ts')).addMigrationCommands],
  operation: [
    'work that is no migration: validate, refresh, reap',
    async () => (await import('./commands/operations.ts')).addOperationCommands,
  ],
  service: ['the daemons', async () => (await import('./commands/services.ts')).addServiceCommands],
  driver: [
    'what workers can reach, and the settings of it',
    async () => (await import('./commands/drivers.ts')).addDriverCommands,
  ],
  limits: [
    'how much may happen at once, and does',
    async () => (await import('./commands/limits.ts')).addLimitCommands,
  ],
  event: ['what happens', async () => (await import('./commands/events.ts')).addEventCommands],
  audit: ['who changed what', async () => (await import('./commands/audit.ts')).addAuditCommands],
};
const endpoints = () => import('./commands/endpoints.ts');
const inventory = () => import('./commands/inventory.ts');

function addCompletion(program: Command, groups: LazyGroups, out: Output): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .summary('writes a script that completes commands and options')
    .description(
      'Writes a script that completes commands, options and their choices, made from the commands that there are.',
    )
    .addHelpText(
      'after',
      examples(
        'guts completion bash > /etc/bash_completion.d/guts',
        'guts completion zsh > ~/.zfunc/_guts',
        'guts completion fish > ~/.config/fish/completions/guts.fish',
      ),
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      await groups.loadAll();
      const { completionScript } = await import('./completion/script.ts');
      out.write(completionScript(program, shell));
    });
}

function addDashboard(program: Command, run: Run): void {
  program
    .command('dashboard')
    .summary('prints a link that opens the dashboard and signs in')
    .description(
      'Prints a link that opens the dashboard in a browser and signs in, once and within ten minutes: where callers are known by the local token. With Keystone, sign in on the dashboard itself.',
    )
    .addHelpText('after', examples('guts dashboard', 'guts dashboard --json'))
    .action(() =>
      run(async (context) => {
        const { showDashboardLink } = await import('./commands/dashboard.ts');
        await showDashboardLink(context);
      }),
    );
}

/** Adds every command that talks to a guts-api. */
export function addClientCommands(program: Command, groups: LazyGroups, parts: ClientParts): void {
  program
    .option('--api <url>', 'address of guts-api; GUTS_API', parts.env['GUTS_API'] ?? 'http://127.0.0.1:7000')
    .option(
      '--guts-endpoint <url>',
      "address of guts-api, whatever Keystone's catalog says; GUTS_ENDPOINT",
      parts.env['GUTS_ENDPOINT'],
    )
    .option('--json', 'machine-readable output', false)
    .option('--debug', 'shows each request and its answer on standard error, without secrets', false);
  addCloudOptions(program);
  let shape: Shape = PLAIN;
  program.hook('preAction', async (_program, command) => {
    shape = await shapeOf(command);
    if (shape.format !== 'table' && program.opts<{ json: boolean }>().json)
      throw new UsageError(`--json and --format ${shape.format} exclude each other`);
  });
  const run: Run = async (work) => {
    const { json } = program.opts<{ json: boolean }>();
    const stop = new AbortController();
    const { client, close } = await connect(program, parts, stop.signal);
    const { out, setExitCode: exit } = parts;
    const ask = parts.ask === undefined ? terminalAsk(process.stdin, process.stderr, out) : parts.ask;
    try {
      await work({ client, json, shape, out, signal: stop.signal, ask, exit });
    } finally {
      await close();
    }
  };
  for (const [name, [summary, load]] of Object.entries(GROUPS))
    groups.add(name, summary, async () => {
      const add = await load();
      return (group) => {
        add(group, run);
        addShapeOptions(group);
      };
    });
  addDashboard(program, run);
  addCompletion(program, groups, parts.out);
}
