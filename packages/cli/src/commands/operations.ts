import { type Operation, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { showList, showOne } from '../output/show.ts';
import { allPages } from '../paging.ts';

/** `guts operation …`. */
export function addOperationCommands(program: Command, run: Run): void {
  const operation = program
    .command('operation')
    .summary('work that is no migration: validate, refresh, reap');
  operation
    .command('list')
    .summary('lists operations')
    .action(() =>
      run(async (context) => {
        const all = await allPages<Operation>(async (marker) => {
          const query = marker === undefined ? {} : { marker };
          const answer = await context.client.call(routes.operations.list, { query });
          return { items: answer.operations, next: answer.links.next };
        });
        showList(context, all, [
          ['ID', (one) => one.id],
          ['Kind', (one) => one.kind],
          ['Status', (one) => one.status],
          ['Created', (one) => one.created_at],
        ]);
      }),
    );
  operation
    .command('show <id>')
    .summary('shows an operation')
    .action((id: string) =>
      run(async (context) =>
        showOne(context, (await context.client.call(routes.operations.show, { params: { id } })).operation),
      ),
    );
}
