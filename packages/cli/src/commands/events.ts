import { ApiCallError, type Event, EVENT_STREAM_PATH, routes } from '@guts/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CliContext, Run } from '../context.ts';
import { readEvents } from '../event-stream.ts';
import { examples } from '../examples.ts';
import { type Column, showList, text } from '../output/show.ts';
import { printable } from '../output/table.ts';
import { wholeNumber } from '../whole-number.ts';

const AGAIN_MS = 2000;
const COLUMNS: readonly Column<Event>[] = [
  ['Sequence', (one) => text(one.sequence), (one) => one.sequence],
  ['At', (one) => one.at],
  ['Severity', (one) => one.severity],
  ['Resource', (one) => `${one.resource} ${one.resource_id}`],
  ['Message', (one) => one.message],
];

interface Options {
  readonly resource?: string;
  readonly after?: number;
}

function lineOf({ at, severity, resource, resource_id: id, message }: Event): string {
  const mark = severity === 'information' ? '' : `${severity.toUpperCase()} `;
  return `${at}  ${resource} ${id}  ${mark}${printable(message)}`;
}

/** The sequence of the last event that there is. */
async function lastOf({ client, signal }: CliContext): Promise<number> {
  const query = { newest: 'true', limit: '1' } as const;
  const { events } = await client.call(routes.events.list, { query, signal });
  return events.at(-1)?.sequence ?? 0;
}

/** Tells events as they happen, until this process is ended. A stream that breaks is asked for again. */
async function follow(context: CliContext, { resource, after }: Options): Promise<void> {
  const { client, signal, out, json } = context;
  let last = after ?? (await lastOf(context));
  let begun = false;
  for (;;) {
    const search = new URLSearchParams({ after: String(last) });
    if (resource !== undefined) search.set('resource_id', resource);
    try {
      const answer = await client.send(`${EVENT_STREAM_PATH}?${search.toString()}`, { signal });
      if (!answer.body) throw new Error('the event stream has no body');
      begun = true;
      for await (const event of readEvents(answer.body)) {
        last = event.sequence;
        out.write(`${json ? JSON.stringify(event) : lineOf(event)}\n`);
      }
    } catch (error) {
      // What was refused will be refused again; what broke off, or is started anew, comes back.
      const refused = error instanceof ApiCallError && error.code !== 'unreachable' && error.status < 500;
      if (!begun || refused || signal.aborted) throw error;
    }
    await sleep(AGAIN_MS, undefined, { signal });
  }
}

/** `guts event …`. */
export function addEventCommands(group: Command, run: Run): void {
  group
    .command('list')
    .summary('what happened; the last events, oldest first')
    .option('--resource <id>', 'only what happened to this')
    .option('--after <sequence>', 'the first ones after this', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--limit <count>', 'how many', wholeNumber(1, 1000), 100)
    .addHelpText('after', examples('guts event list --limit 20', 'guts event list --after 1200 -f json'))
    .action(({ limit, resource, after }: Options & { limit: number }) =>
      run(async (context) => {
        const query = {
          limit: String(limit),
          ...(resource === undefined ? {} : { resource }),
          ...(after === undefined ? { newest: 'true' as const } : { after: String(after) }),
        };
        const { events } = await context.client.call(routes.events.list, { query, signal: context.signal });
        showList(context, events, COLUMNS);
      }),
    );
  group
    .command('follow')
    .summary('tells events as they happen, until Ctrl-C')
    .description(
      'Tells events as they happen; with --json, one document a line. A guts-api that is started anew is asked again, and nothing is missed.',
    )
    .option('--resource <id>', 'only what happens to this')
    .option('--after <sequence>', 'begins after this; default: now', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples('guts event follow', 'guts event follow --json --after 0'))
    .action((options: Options) => run((context) => follow(context, options)));
}
