import { type ApiClient, type Operation, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { CliContext, Run } from '../context.ts';
import { examples } from '../examples.ts';
import { isBeginning, onlyOne } from '../find-named.ts';
import { only } from '../only.ts';
import { showList, showOne } from '../output/show.ts';
import { allPages } from '../paging.ts';
import { waitForOperation } from '../wait-operation.ts';

const ID_HELP = 'id, or the beginning of one (4 characters or more)';

function listOperations(client: ApiClient, filter: { status?: string; kind?: string }): Promise<Operation[]> {
  return allPages(async (marker) => {
    const query = { ...filter, limit: '1000', ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routes.operations.list, { query });
    return { items: answer.operations, next: answer.links.next };
  });
}

async function idOf(client: ApiClient, given: string): Promise<string> {
  if (!isBeginning(given)) return given;
  const found = (await listOperations(client, {})).filter(({ id }) => id.startsWith(given));
  return onlyOne('operation', given, found).id;
}

/** Waits for it when told to, shows it, and ends with 1 when it has failed. */
export async function showOperation(context: CliContext, operation: Operation, wait: boolean): Promise<void> {
  const now = wait ? await waitForOperation(context, operation) : operation;
  showOne(context, now);
  if (wait && now.status !== 'done') context.exit(1);
}

/** `guts operation …`. */
export function addOperationCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('lists operations')
    .option('--status <statuses>', 'only these, separated by commas')
    .option('--kind <kind>', 'only this, such as source.refresh')
    .addHelpText('after', examples('guts operation list', 'guts operation list --status queued,running'))
    .action((options: { status?: string; kind?: string }) =>
      run(async (context) =>
        showList(context, await listOperations(context.client, only(options, ['status', 'kind'])), [
          ['ID', (one) => one.id],
          ['Kind', (one) => one.kind],
          ['Status', (one) => one.status],
          ['Created', (one) => one.created_at],
        ]),
      ),
    );
  group
    .command('show')
    .argument('<operation>', ID_HELP)
    .summary('shows an operation')
    .option('--wait', 'stays until it has ended; then the exit code is 1 when it has failed', false)
    .addHelpText('after', examples('guts operation show 3f2a9c1e', 'guts operation show 3f2a9c1e --wait'))
    .action((given: string, { wait }: { wait: boolean }) =>
      run(async (context) => {
        const { client } = context;
        const id = await idOf(client, given);
        const { operation } = await client.call(routes.operations.show, { params: { id } });
        await showOperation(context, operation, wait);
      }),
    );
}
