import {
  type InstanceCheck,
  type PreflightQuestion,
  type PreflightRule,
  routes,
  type UnaskedRule,
} from '@guts/contract';
import { type Command, Option } from 'commander';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { addMigrationOptions, migrationBody, type MigrationOptions } from '../migration-options.ts';
import { notAskedText } from '../output/plan.ts';
import { type Column, showJson, showList, text } from '../output/show.ts';
import { formatBytes, formatSeconds } from '../output/units.ts';
import { allPages } from '../paging.ts';
import { BLOCKED_EXIT } from './dry-run.ts';

type Finding = InstanceCheck['findings'][number];
interface Row extends Finding {
  readonly instance: string;
  readonly ref: string;
}

const FINDINGS: readonly Column<Row>[] = [
  ['Instance', (one) => one.instance],
  ['Ref', (one) => one.ref],
  ['Severity', (one) => one.severity],
  ['Rule', (one) => one.code],
  ['About', (one) => text(one.subject)],
  ['Known', (one) => (one.unknown ? 'no' : 'yes')],
  ['Finding', (one) => one.message],
  ['What to do', (one) => text(one.remedy)],
];
const count = (one: InstanceCheck, severity: Finding['severity']): number =>
  one.findings.filter((finding) => finding.severity === severity).length;
const counted = (title: string, severity: Finding['severity']): Column<InstanceCheck> => [
  title,
  (one) => String(count(one, severity)),
  (one) => count(one, severity),
];
const bytesOf = ({ prediction }: InstanceCheck): number => prediction.data_bytes ?? prediction.capacity_bytes;
const INSTANCES: readonly Column<InstanceCheck>[] = [
  ['Instance', (one) => one.name],
  ['Ref', (one) => one.ref],
  ['Result', (one) => one.result],
  counted('Blockers', 'blocker'),
  counted('Warnings', 'warning'),
  counted('Hints', 'information'),
  ['Flavor', (one) => text(one.plan?.flavor.name)],
  ['To send', (one) => formatBytes(bytesOf(one)), bytesOf],
  ['Copy takes', (one) => formatSeconds(one.prediction.seconds), (one) => one.prediction.seconds],
];
const RULES: readonly Column<PreflightRule>[] = [
  ['Rule', (one) => one.code],
  ['Area', (one) => one.area],
  ['Severity', (one) => one.severities.join(', ')],
  ['Needs', (one) => one.needs],
  ['Title', (one) => one.title],
  ['Why', (one) => one.explanation],
  ['What to do', (one) => one.remedy],
];

interface Options extends MigrationOptions {
  readonly source?: string;
  readonly destination?: string;
  readonly mapping?: string;
  readonly all: boolean;
  readonly search?: string;
  readonly folder?: string;
  readonly severity?: Finding['severity'];
  readonly byInstance: boolean;
  readonly rules: boolean;
}

/** @throws UsageError */
function questionOf(names: readonly string[], options: Options): PreflightQuestion {
  const { source, destination, mapping, search, folder, severity, all } = options;
  if (source === undefined) throw new UsageError('--source is needed: the name or id of a source');
  const filtered = search !== undefined || folder !== undefined;
  if (names.length === 0 && !all && !filtered)
    throw new UsageError('name instances, filter them with --search or --folder, or check all with --all');
  if (names.length > 0 && (all || filtered))
    throw new UsageError('instances are named: --all, --search and --folder are for those that are not');
  if (options.name !== undefined) throw new UsageError('--name names one server: nothing is made here');
  return {
    source,
    ...migrationBody(options),
    ...(destination === undefined ? {} : { destination }),
    ...(mapping === undefined ? {} : { named_mapping: mapping }),
    ...(names.length === 0 ? {} : { instances: [...names] }),
    ...(search === undefined ? {} : { search }),
    ...(folder === undefined ? {} : { folder }),
    ...(severity === undefined ? {} : { severity }),
  };
}

async function checkAll(
  { client, signal }: CliContext,
  body: PreflightQuestion,
): Promise<{ checks: InstanceCheck[]; notAsked: readonly UnaskedRule[] }> {
  let notAsked: readonly UnaskedRule[] = [];
  const checks = await allPages<InstanceCheck>(async (marker) => {
    const query = { limit: '500', ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routes.preflight.check, { query, body, signal });
    notAsked = answer.not_asked;
    return { items: answer.checks, next: answer.links.next };
  });
  return { checks, notAsked };
}

/** Lines below the table: what all of them come to. */
async function summaryText({ client, signal }: CliContext, body: PreflightQuestion): Promise<string[]> {
  const { severity: _only, ...question } = body;
  const { summary } = await client.call(routes.preflight.summary, { body: question, signal });
  const { instances, blocked, warned, ready, totals, findings } = summary;
  return [
    `${instances} ${instances === 1 ? 'instance' : 'instances'}: ${blocked} blocked, ${warned} with warnings, ${ready} ready; ` +
      `what is not blocked has ${formatBytes(totals.data_bytes)} to send.`,
    ...findings.map((one) => `${one.severity}: ${one.message}. ${one.remedy ?? ''}`.trim()),
  ];
}

async function check(context: CliContext, names: readonly string[], options: Options): Promise<void> {
  if (options.rules) {
    const { rules } = await context.client.call(routes.preflight.rules);
    return showList(context, rules, RULES);
  }
  const body = questionOf(names, options);
  const { checks, notAsked } = await checkAll(context, body);
  if (context.json) showJson(context.out, { checks, not_asked: notAsked });
  else if (options.byInstance) showList(context, checks, INSTANCES);
  else
    showList(
      context,
      checks.flatMap(({ name, ref, findings }) => findings.map((one) => ({ instance: name, ref, ...one }))),
      FINDINGS,
    );
  if (!context.json && context.shape.format === 'table')
    context.out.write(`${[...(await summaryText(context, body)), ...notAskedText(notAsked)].join('\n')}\n`);
  if (checks.some(({ result }) => result === 'blocked')) context.exit(BLOCKED_EXIT);
}

/** `guts instance check`. */
export function addCheck(parent: Command, run: Run): void {
  addMigrationOptions(
    parent
      .command('check')
      .argument('[instance...]', 'names, refs or paths')
      .summary('says what would go wrong if they were moved')
      .description(
        `Checks instances as last refreshed, against a destination as last refreshed when one is named. Ends with ${BLOCKED_EXIT} when one is blocked, with 0 when none is.`,
      )
      .option('--source <name>', 'name or id of the source')
      .option('--destination <name>', 'name or id of the destination')
      .option('--mapping <name>', 'name or id of a stored mapping')
      .option('--all', 'all instances of the source', false)
      .option('--search <text>', 'those with this in name or path')
      .option('--folder <path>', 'those in this folder, however deep')
      .addOption(
        new Option('--severity <severity>', 'only findings as grave as that').choices([
          'blocker',
          'warning',
          'information',
        ]),
      )
      .option('--by-instance', 'one line per instance instead of one per finding', false)
      .option('--rules', 'lists the rules themselves', false)
      .addHelpText(
        'after',
        examples(
          'guts instance check web --source vc --destination cloud --network private',
          'guts instance check --all --source vc --destination cloud --mapping prod -f csv',
        ),
      ),
  ).action((names: string[], options: Options) => run((context) => check(context, names, options)));
}
