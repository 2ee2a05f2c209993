import { ApiCallError, type Driver, routes } from '@guts/contract';
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { examples } from '../examples.ts';
import { showList, showOne, text } from '../output/show.ts';
import { drawTable } from '../output/table.ts';

const TITLES = ['Name', 'Type', 'Required', 'Default', 'Meaning'];

/** A JSON Schema's properties as rows. */
function rowsOf(schema: Readonly<Record<string, unknown>>): string[][] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Record<string, unknown>>>;
  const required = (schema['required'] ?? []) as readonly string[];
  return Object.entries(properties).map(([name, one]) => {
    const words = one['enum'] as readonly unknown[] | undefined;
    const type = words === undefined ? text(one['type']) : words.map(text).join(' | ');
    return [name, type, text(required.includes(name)), text(one['default']), text(one['description'])];
  });
}

function drawDriver({ name, side, title, settings, secret, workers }: Driver, width: number): string {
  const rows = [
    ...rowsOf(settings),
    ...rowsOf(secret).map(([key = '', ...rest]) => [`secret: ${key}`, ...rest]),
  ];
  const what = side === 'source' ? 'machines come from' : 'machines go to';
  const head = `${name}: ${title} (${side}: ${what}); workers that have it: ${workers.length}`;
  return `${head}\n${drawTable(TITLES, rows, width)}`;
}

/** `guts driver …`. */
export function addDriverCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('what the workers that are alive can reach')
    .addHelpText('after', examples('guts driver list'))
    .action(() =>
      run(async (context) => {
        const { drivers } = await context.client.call(routes.drivers);
        showList(context, drivers, [
          ['Name', (one) => one.name],
          ['Side', (one) => one.side],
          ['Title', (one) => one.title],
          ['Workers', (one) => text(one.workers.length), (one) => one.workers.length],
        ]);
      }),
    );
  group
    .command('show <name>')
    .summary('the settings and the secret that a driver takes')
    .description(
      'Shows what --set and --secret-file of guts source create and guts destination create take. With -f json, the JSON Schemas themselves.',
    )
    .addHelpText(
      'after',
      examples('guts driver show vsphere', 'guts driver show openstack -f json -c settings'),
    )
    .action((name: string) =>
      run(async (context) => {
        const { drivers } = await context.client.call(routes.drivers);
        const driver = drivers.find((one) => one.name === name);
        if (!driver)
          throw new ApiCallError(`no worker that is alive has a driver "${name}"`, {
            status: 0,
            code: 'not_found',
            remedy: `There is ${drivers.map((one) => one.name).join(', ') || 'none'}.`,
          });
        const { format, columns, maxWidth } = context.shape;
        if (context.json || format !== 'table' || columns.length > 0) return showOne(context, driver);
        context.out.write(`${drawDriver(driver, maxWidth || (context.out.columns ?? 0))}\n`);
      }),
    );
}
