import { type Operation, routes, type Service } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { showList, showOne, text } from '../output/show.ts';
import { allPages } from '../paging.ts';

/** `guts operation|service …`. */
export function addSystemCommands(program: Command, run: Run): void {
  const operation = program.command('operation').summary('work that is no migration: validate, refresh');
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

  const service = program.command('service').summary('the daemons');
  service
    .command('list')
    .summary('lists daemons')
    .action(() =>
      run(async (context) => {
        const { services } = await context.client.call(routes.services.list);
        showList<Service>(context, services, [
          ['ID', (one) => one.id],
          ['Binary', (one) => one.binary],
          ['Host', (one) => one.host],
          ['Alive', (one) => text(one.alive)],
          ['Disabled', (one) => (one.disabled ? `yes: ${one.disabled_reason ?? ''}` : 'no')],
          ['Slots', (one) => text(one.slots)],
          ['Version', (one) => one.version],
        ]);
      }),
    );
  for (const [name, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const)
    service
      .command(`${name} <id>`)
      .summary(disabled ? 'gives a worker nothing new' : 'gives a worker work again')
      .option('--reason <text>', 'why')
      .action((id: string, { reason }: { reason?: string }) =>
        run(async (context) => {
          const body = { disabled, ...(reason === undefined ? {} : { reason }) };
          const answer = await context.client.call(routes.services.update, { params: { id }, body });
          showOne(context, answer.service);
        }),
      );
}
