import { routes } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { examples } from '../examples.ts';
import { showJson, showList, showOne, text } from '../output/show.ts';

const amount = (limit: number): string => (limit === 0 ? 'none' : text(limit));

/** `guts limits …`. */
export function addLimitCommands(group: Command, run: Run): void {
  group
    .command('show')
    .summary('the limits in force')
    .description('Shows the limits in force, for all work and for one request. 0 is no limit.')
    .addHelpText('after', examples('guts limits show', 'guts limits show -f value -c host_streams'))
    .action(() =>
      run(async (context) => {
        const answer = await context.client.call(routes.limits);
        if (context.json) return showJson(context.out, answer);
        const { limits, slots, api } = answer;
        const { overrides, ...rest } = limits;
        const ofApi = Object.entries(api).map(([name, value]) => [`api_${name}`, value]);
        showOne(context, {
          ...rest,
          overrides: Object.keys(overrides).length === 0 ? null : overrides,
          slots: slots.total,
          slots_used: slots.used,
          ...Object.fromEntries(ofApi),
        });
      }),
    );
  group
    .command('list')
    .summary('what is used of them, by what is used now')
    .addHelpText(
      'after',
      examples('guts limits list', 'guts limits list --sort-column Used --sort-descending'),
    )
    .action(() =>
      run(async (context) => {
        const { used } = await context.client.call(routes.limits);
        showList(context, used, [
          ['Resource', (one) => one.resource],
          ['Used', (one) => text(one.used), (one) => one.used],
          ['Limit', (one) => amount(one.limit), (one) => one.limit],
        ]);
      }),
    );
}
