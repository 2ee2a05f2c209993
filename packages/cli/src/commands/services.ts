import { type HealthReport, routes, type Service } from '@guts/contract';
import { type Command, InvalidArgumentError } from 'commander';
import { type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { findService, SERVICE_HELP } from '../find-service.ts';
import { healthText } from '../output/health.ts';
import { type Column, showJson, showList, showOne, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';
import { addReapCommand } from './reap.ts';

function state({ alive, disabled, draining, disabled_reason: reason }: Service): string {
  const word = draining ? 'draining' : disabled ? 'disabled' : 'enabled';
  return `${alive ? '' : 'dead, '}${word}${reason === null || !disabled ? '' : `: ${reason}`}`;
}

const isWorker = ({ binary }: Service): boolean => binary === 'guts-migration';
const COLUMNS: readonly Column<Service>[] = [
  ['ID', (one) => one.id],
  ['Binary', (one) => one.binary],
  ['Host', (one) => one.host],
  ['State', state],
  ['Slots', (one) => (isWorker(one) ? `${one.slots_used} of ${one.slots}` : '-')],
  [
    'Scratch',
    (one) => (one.scratch_bytes === null ? '-' : formatBytes(one.scratch_bytes)),
    (one) => one.scratch_bytes,
  ],
  [
    'Bandwidth limit',
    ({ bytes_per_second_limit: limit }) => (limit === null ? '-' : `${formatBytes(limit)}/s`),
    ({ bytes_per_second_limit: limit }) => limit,
  ],
  ['Heartbeat', (one) => one.heartbeat_at],
  ['Version', (one) => one.version],
];

/** Bytes per second. @throws InvalidArgumentError */
function bandwidth(given: string): number | 'none' {
  // Commander has no options that are null.
  if (given === 'none') return given;
  const bytes = /^\d{1,9}(\.\d{1,6})?$/.test(given) ? Math.round(Number(given) * 2 ** 20) : NaN;
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError(
    'MiB per second are needed, such as 50 or 0.5, or none. A worker that is to copy nothing is disabled.',
  );
}

/** `guts service …`. */
export function addServiceCommands(service: Command, run: Run): void {
  service
    .command('list')
    .summary('lists daemons')
    .addHelpText('after', examples('guts service list', 'guts service list --sort-column Host'))
    .action(() =>
      run(async (context) => {
        const { services } = await context.client.call(routes.services.list);
        showList(context, services, COLUMNS);
      }),
    );
  const change = (
    given: string,
    body: { disabled: boolean; drain?: boolean; reason?: string } | { bytes_per_second_limit: number | null },
  ): Promise<void> =>
    run(async (context) => {
      const id = await findService(context.client, given, true);
      const answer = await context.client.call(routes.services.update, { params: { id }, body });
      if (context.json) return showJson(context.out, answer.service);
      const { drivers, ...fields } = answer.service;
      showOne(context, { ...fields, drivers: text(drivers.map(({ name }) => name).join(', ')) });
    });
  service
    .command('disable')
    .argument('<daemon>', SERVICE_HELP)
    .summary('gives a worker nothing new; with --drain it hands over what it has')
    .description(
      'Gives a worker nothing new: it finishes what it has. With --drain it stops behind a checkpoint and hands over, and others go on.',
    )
    .requiredOption('--reason <text>', 'why')
    .option('--drain', 'hands over what it runs, now', false)
    .addHelpText(
      'after',
      examples(
        "guts service disable worker-1 --reason 'new memory'",
        "guts service disable worker-1 --reason 'new memory' --drain",
      ),
    )
    .action((id: string, { reason, drain }: { reason: string; drain: boolean }) => {
      if (reason.trim() === '') throw new UsageError('--reason must say why');
      return change(id, { disabled: true, reason, ...(drain ? { drain } : {}) });
    });
  service
    .command('enable')
    .argument('<daemon>', SERVICE_HELP)
    .summary('gives a worker work again')
    .addHelpText('after', examples('guts service enable worker-1'))
    .action((id: string) => change(id, { disabled: false }));
  service
    .command('limit')
    .argument('<daemon>', SERVICE_HELP)
    .summary('limits what all copies of a worker together may move')
    .description(
      'Limits what all copies of a worker together may move. Copies that are under way keep to it from the next heartbeat of the worker on, within some seconds; it holds until it is changed, for whoever is started next on the host, too.',
    )
    .requiredOption('--bandwidth <rate>', 'MiB per second, such as 50 or 0.5; none: no limit', bandwidth)
    .addHelpText(
      'after',
      examples('guts service limit worker-1 --bandwidth 50', 'guts service limit worker-1 --bandwidth none'),
    )
    .action((id: string, options: { bandwidth: number | 'none' }) =>
      change(id, { bytes_per_second_limit: options.bandwidth === 'none' ? null : options.bandwidth }),
    );
  service
    .command('forget')
    .argument('<daemon...>', SERVICE_HELP)
    .summary('drops the records of daemons that are dead')
    .addHelpText('after', examples('guts service forget worker-1 worker-2'))
    .action((given: string[]) =>
      run(async ({ client }) => {
        const ids: string[] = [];
        for (const one of given) ids.push(await findService(client, one, false));
        for (const id of ids) await client.call(routes.services.remove, { params: { id } });
      }),
    );
  service
    .command('health')
    .summary('how database, message bus and daemons are, and how much work there is')
    .addHelpText('after', examples('guts service health', 'guts service health --json'))
    .action(() =>
      run(async (context) => {
        const report: HealthReport = await context.client.call(routes.healthReport);
        if (context.json) showJson(context.out, report);
        else context.out.write(`${healthText(report)}\n`);
      }),
    );
  addReapCommand(service, run);
}
