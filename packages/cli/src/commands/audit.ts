import { type AuditLine, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { examples } from '../examples.ts';
import { only } from '../only.ts';
import { type Column, showList, text } from '../output/show.ts';
import { wholeNumber } from '../whole-number.ts';

const COLUMNS: readonly Column<AuditLine>[] = [
  ['At', (one) => one.at],
  ['User', (one) => text(one.user_id)],
  ['Action', (one) => one.action],
  ['Resource', (one) => text(one.resource_id)],
  ['Request', (one) => one.request_id],
  ['Data', (one) => (Object.keys(one.data).length === 0 ? '-' : JSON.stringify(one.data))],
];
interface Options {
  readonly limit: number;
  readonly user?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly request?: string;
  readonly since?: string;
  readonly until?: string;
}

/** `guts audit …`. */
export function addAuditCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('who changed what; the last lines, oldest first')
    .option('--user <id>', 'only what this user did')
    .option('--action <action>', 'only this, such as migration.create')
    .option('--resource <id>', 'only what was done to this')
    .option('--request <id>', 'only what this request did')
    .option('--since <time>', 'then or later, such as 2026-01-31T08:00:00Z')
    .option('--until <time>', 'before that')
    .option('--limit <count>', 'how many lines', wholeNumber(1, 1000), 100)
    .addHelpText(
      'after',
      examples(
        'guts audit list --limit 20',
        'guts audit list --action migration.create --since 2026-01-31T00:00:00Z -f csv',
      ),
    )
    .action((options: Options) =>
      run(async (context) => {
        const filter = only(options, ['user', 'action', 'resource', 'request', 'since', 'until']);
        const query = { ...filter, sort: 'created_at:desc', limit: String(options.limit) };
        const { audit } = await context.client.call(routes.audit, { query, signal: context.signal });
        showList(context, audit.toReversed(), COLUMNS);
      }),
    );
}
