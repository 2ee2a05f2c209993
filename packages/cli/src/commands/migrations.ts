import { type ApiClient, made, type Migration, type NewMigration, type Report, routes } from '@guts/contract';
import type { Command } from 'commander';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { findMigration, MIGRATION_HELP } from '../find-migration.ts';
import { isBeginning } from '../find-named.ts';
import { addMigrationOptions, migrationBody, type MigrationOptions } from '../migration-options.ts';
import { reportText } from '../output/report.ts';
import { type Column, showJson, showList, showOne, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';
import { traceText } from '../output/trace.ts';
import { allPages } from '../paging.ts';
import { WAIT_HELP, waitAndShow } from '../wait-migration.ts';
import { findEndpoint, sourceOf } from '../find-endpoint.ts';
import { findMapping } from './mappings.ts';
import { DRY_RUN_HELP, dryRun } from './dry-run.ts';
import { addMigrationActions } from './migration-actions.ts';
import { addMigrationConsole } from './migration-console.ts';
import { addMigrationManifest } from './migration-manifest.ts';
import { SETTLED, watchMigrations, type WatchSource } from '../watch.ts';

const COLUMNS: readonly Column<Migration>[] = [
  ['ID', (one) => one.id],
  ['Name', (one) => one.name],
  ['Status', (one) => one.status],
  ['Step', (one) => text(one.step)],
  // What waits says what for; an error of before is in its details.
  ['Reason', (one) => text(one.status === 'queued' ? one.reason : (one.error?.message ?? one.reason))],
];

/** What the API tells while watching. */
export function apiWatchSource(client: ApiClient): WatchSource {
  return {
    migration: async (id) => (await client.call(routes.migrations.show, { params: { id } })).migration,
    disks: async (id) => (await client.call(routes.migrations.disks, { params: { id } })).disks,
    events: async (id, after) => {
      const query = { after: String(after), limit: '1000' };
      return (await client.call(routes.migrations.events, { params: { id }, query })).events;
    },
  };
}

function listMigrations({ client, signal }: CliContext, status?: string): Promise<Migration[]> {
  return allPages<Migration>(async (marker) => {
    const query = {
      ...(status === undefined ? {} : { status }),
      ...(marker === undefined ? {} : { marker }),
    };
    const answer = await client.call(routes.migrations.list, { query, signal });
    return { items: answer.migrations, next: answer.links.next };
  });
}

/** Ids of all migrations that are on their way. */
async function going(context: CliContext): Promise<string[]> {
  const all = await listMigrations(context);
  return all.filter(({ status }) => !SETTLED.includes(status)).map(({ id }) => id);
}

async function reportOf({ client }: CliContext, id: string): Promise<Report> {
  return (await client.call(routes.migrations.report, { params: { id } })).report;
}

async function watch(context: CliContext, ids: readonly string[]): Promise<void> {
  const { client, signal, out, json } = context;
  // With --json the end is told, one line for each, not the way there.
  const quiet = { write: () => undefined };
  const ended = await watchMigrations(apiWatchSource(client), ids, { out: json ? quiet : out, signal });
  for (const id of ids) {
    const report = await reportOf(context, id);
    out.write(`${json ? JSON.stringify(report) : reportText(report)}\n`);
  }
  if (ended.some((one) => one.status !== 'completed' && one.status !== 'committed')) context.exit(1);
}

function addReads(group: Command, run: Run): void {
  group
    .command('list')
    .summary('lists migrations')
    .option('--status <statuses>', 'only these, separated by commas')
    .addHelpText(
      'after',
      examples('guts migration list', 'guts migration list --status running,queued -f json'),
    )
    .action(({ status }: { status?: string }) =>
      run(async (context) => {
        showList(context, await listMigrations(context, status), COLUMNS);
      }),
    );
  group
    .command('show')
    .argument('<migration>', MIGRATION_HELP)
    .summary('shows a migration, and why it waits')
    .addHelpText('after', examples('guts migration show web', 'guts migration show 3f2a9c1e -f json'))
    .action((given: string) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const { migration } = await context.client.call(routes.migrations.show, { params: { id } });
        if (context.json) return showJson(context.out, migration);
        const { trace: _told, ...fields } = migration;
        showOne(context, fields);
        // What a program reads must stay what it can read.
        if (context.shape.format !== 'table') return;
        const why = traceText(migration);
        if (why !== '') context.out.write(`${why}\n`);
      }),
    );
  group
    .command('steps')
    .argument('<migration>', MIGRATION_HELP)
    .summary('its steps with their attempts')
    .addHelpText('after', examples('guts migration steps web'))
    .action((given: string) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const { steps } = await context.client.call(routes.migrations.steps, { params: { id } });
        showList(context, steps, [
          ['Step', (one) => one.step],
          ['Attempt', (one) => text(one.attempt)],
          ['Status', (one) => one.status],
          ['Note', (one) => text(one.error?.message ?? one.note)],
          ['Started', (one) => one.started_at],
        ]);
      }),
    );
  group
    .command('disks')
    .argument('<migration>', MIGRATION_HELP)
    .summary('progress per disk')
    .addHelpText('after', examples('guts migration disks web'))
    .action((given: string) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const { disks } = await context.client.call(routes.migrations.disks, { params: { id } });
        showList(context, disks, [
          ['Key', (one) => one.key],
          ['Label', (one) => one.label],
          ['State', (one) => one.state],
          ['Done', (one) => `${formatBytes(one.bytes_done)} of ${formatBytes(one.bytes_total)}`],
          ['Read', (one) => formatBytes(one.bytes_read), (one) => one.bytes_read],
        ]);
      }),
    );
  group
    .command('artifacts')
    .argument('<migration>', MIGRATION_HELP)
    .summary('what was made outside because of it')
    .addHelpText('after', examples('guts migration artifacts web -f csv'))
    .action((given: string) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const { artifacts } = await context.client.call(routes.migrations.artifacts, { params: { id } });
        showList(context, artifacts, [
          ['Role', (one) => one.role],
          ['Side', (one) => one.side],
          ['Status', (one) => one.status],
          ['External ID', (one) => text(one.external_id)],
        ]);
      }),
    );
  group
    .command('events')
    .argument('<migration>', MIGRATION_HELP)
    .summary('what happened')
    .addHelpText('after', examples('guts migration events web'))
    .action((given: string) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const events = await apiWatchSource(context.client).events(id, 0);
        showList(context, events, [
          ['At', (one) => one.at],
          ['Severity', (one) => one.severity],
          ['Message', (one) => one.message],
        ]);
      }),
    );
  group
    .command('report')
    .argument('<migration>', MIGRATION_HELP)
    .summary('its report')
    .addHelpText('after', examples('guts migration report web', 'guts migration report web --json'))
    .action((given: string) =>
      run(async (context) => {
        const report = await reportOf(context, await findMigration(context.client, given));
        if (context.json) showJson(context.out, report);
        else context.out.write(`${reportText(report)}\n`);
      }),
    );
}

interface NewOptions extends MigrationOptions {
  readonly source: string;
  readonly destination: string;
  readonly mapping?: string;
  readonly priority?: number;
  readonly watch: boolean;
  readonly wait: boolean;
  readonly dryRun: boolean;
}

function priority(given: string): number {
  const value = /^-?\d{1,3}$/.test(given) ? Number(given) : NaN;
  if (Math.abs(value) <= 100) return value;
  throw new UsageError(`"${given}" is no priority: a whole number from -100 to 100 is`);
}

/** guts-api takes names and ids itself; beginnings of ids are looked up before. */
async function newMigration(
  { client }: CliContext,
  instance: string,
  options: NewOptions,
): Promise<NewMigration> {
  const { source, destination, mapping, priority: rank } = options;
  return {
    source: await sourceOf(client, source),
    destination: isBeginning(destination)
      ? (await findEndpoint(client, 'destination', destination)).id
      : destination,
    instance,
    ...migrationBody(options),
    ...(mapping === undefined ? {} : { named_mapping: (await findMapping(client, mapping)).id }),
    ...(rank === undefined ? {} : { priority: rank }),
  };
}

/** `guts migration …`. */
export function addMigrationCommands(group: Command, run: Run): void {
  addMigrationOptions(
    group
      .command('create <instance>')
      .summary('moves a machine: makes a migration and queues it')
      .description('Moves a machine, given by name, ref or path.')
      .requiredOption('--source <name>', 'name or id of the source')
      .requiredOption('--destination <name>', 'name or id of the destination')
      .option('--dry-run', DRY_RUN_HELP, false)
      .option('--mapping <name>', 'stored mapping (guts mapping list); what other options say wins over it')
      .option('--priority <number>', 'from -100 to 100; what has more goes first', priority)
      .option('--watch', 'shows progress until it has ended', false)
      .option('--wait', WAIT_HELP, false)
      .addHelpText(
        'after',
        examples(
          'guts migration create web --source vc --destination cloud --network private --watch',
          'guts migration create vm-42 --source vc --destination cloud --mapping prod --flavor m1.small --wait',
        ),
      ),
  ).action((instance: string, options: NewOptions) =>
    run(async (context) => {
      if (options.watch && options.wait) throw new UsageError('--watch and --wait exclude each other');
      const body = await newMigration(context, instance, options);
      if (options.dryRun) {
        if (options.watch || options.wait)
          throw new UsageError('with --dry-run there is nothing to wait for');
        return dryRun(context, body);
      }
      const migration = made(await context.client.call(routes.migrations.create, { body }));
      if (options.watch) return watch(context, [migration.id]);
      if (options.wait) return waitAndShow(context, 'create', migration);
      showOne(context, migration);
    }),
  );
  addReads(group, run);
  addMigrationConsole(group, run);
  addMigrationManifest(group, run);
  group
    .command('watch')
    .argument('[migration...]', `${MIGRATION_HELP}; none: all that are going`)
    .summary('shows progress until they have ended; Ctrl-C ends the show, not the migrations')
    .addHelpText('after', examples('guts migration watch', 'guts migration watch web db'))
    .action((given: string[]) =>
      run(async (context) => {
        const ids = given.length > 0 ? [] : await going(context);
        for (const one of given) ids.push(await findMigration(context.client, one));
        if (ids.length > 0) return watch(context, ids);
        if (!context.json) context.out.write('no migration is going\n');
      }),
    );
  addMigrationActions(group, run);
}
