import { ApiCallError, type Endpoint, type Operation, type ReapResult } from '@guts/contract';
import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { drawLeftovers } from '../output/leftovers.ts';
import { showJson } from '../output/show.ts';
import { waitForOperation } from '../wait-operation.ts';
import { findEndpoint, listEndpoints, routesOf, type Side } from '../find-endpoint.ts';

interface Options {
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly all: boolean;
  readonly remove: boolean;
  readonly yes: boolean;
  readonly includeUnknown: boolean;
  readonly only: readonly string[];
}
interface Place {
  readonly side: Side;
  readonly endpoint: Endpoint;
}
/** What came of one reap: its leftovers, or why there is no saying. */
export interface Reaped extends Place {
  /** Null: it could not even be asked for. */
  readonly operation: Operation | null;
  readonly leftovers: ReapResult['leftovers'];
  readonly failure: string | null;
}

async function placesOf({ client }: CliContext, options: Options): Promise<Place[]> {
  const places: Place[] = [];
  for (const side of ['source', 'destination'] as const) {
    const found = options.all
      ? await listEndpoints(client, side)
      : await Promise.all(options[side].map((name) => findEndpoint(client, side, name)));
    places.push(...found.map((endpoint) => ({ side, endpoint })));
  }
  return places;
}

/** What an operation that has ended found. A result that is not understood is a failure, never "nothing". */
function outcomeOf(place: Place, operation: Operation): Reaped {
  const base = { ...place, operation, leftovers: [] };
  if (operation.status !== 'done') {
    const why = operation.error?.message ?? `the operation is ${operation.status}`;
    return { ...base, failure: operation.error?.remedy ? `${why}. ${operation.error.remedy}` : why };
  }
  const result = operation.result as Partial<ReapResult> | null;
  if (!Array.isArray(result?.leftovers))
    return { ...base, failure: `operation ${operation.id} tells no leftovers` };
  // Leftovers may lie where nobody could look.
  const unseen = (result.unseen ?? []).map(({ project, reason }) => `project ${project}: ${reason}`);
  return { ...base, leftovers: result.leftovers, failure: unseen.length === 0 ? null : unseen.join('; ') };
}

async function reapOne(context: CliContext, place: Place, options: Options): Promise<Reaped> {
  const { side, endpoint } = place;
  const { operation } = await context.client.call(routesOf(side).act, {
    params: { id: endpoint.id },
    body: {
      action: 'reap',
      ...(options.remove ? { remove: true, confirm: true } : {}),
      ...(options.includeUnknown ? { include_unknown: true } : {}),
      ...(options.only.length > 0 ? { only: [...options.only] } : {}),
    },
  });
  let said = '';
  const tell = ({ status, progress }: Operation): void => {
    const now = progress ?? (status === 'queued' ? 'waits for a worker' : status);
    if (context.json || now === said) return;
    said = now;
    context.out.write(`${side} "${endpoint.name}": ${now}\n`);
  };
  return outcomeOf(place, await waitForOperation(context, operation, tell));
}

/** One place that cannot be asked takes nothing from the answers of the others. */
const failed =
  (place: Place) =>
  (error: unknown): Reaped => {
    if (!(error instanceof ApiCallError)) throw error;
    const failure = error.remedy === null ? error.message : `${error.message}. ${error.remedy}`;
    return { ...place, operation: null, leftovers: [], failure };
  };

function toJson({ side, endpoint, operation, leftovers, failure }: Reaped): object {
  const place = { id: endpoint.id, name: endpoint.name };
  return { side, endpoint: place, operation_id: operation?.id ?? null, failure, leftovers };
}

async function reap(context: CliContext, options: Options): Promise<void> {
  if (!options.all && options.source.length + options.destination.length === 0)
    throw new UsageError('say where: --source NAME, --destination NAME, or --all');
  const places = await placesOf(context, options);
  if (places.length === 0) throw new UsageError('there is no source and no destination to look at');
  const only = options.only.length > 0 ? ` (only ${options.only.join(', ')})` : '';
  const unknown = options.includeUnknown
    ? ' That includes what this database does not know: it may belong to another GUTS.'
    : '';
  const warning = `This removes, for good, what carries our marker and belongs to no live migration${only}.${unknown}`;
  if (options.remove && !(await confirm(context, warning, options.yes))) return context.exit(1);
  const reaped = await Promise.all(
    places.map((place) => reapOne(context, place, options).catch(failed(place))),
  );
  if (context.json) showJson(context.out, reaped.map(toJson));
  else context.out.write(`${drawLeftovers(reaped)}\n`);
  const bad = reaped.some(
    ({ failure, leftovers }) => failure !== null || leftovers.some(({ outcome }) => outcome === 'failed'),
  );
  if (bad) context.exit(1);
}

/** `guts service reap`. */
export function addReapCommand(group: Command, run: Run): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  group
    .command('reap')
    .summary('finds, and removes when told, what migrations that have ended left behind')
    .description(
      'Finds what carries our marker and belongs to no live migration, on sources and destinations, and lists it. With --remove it is removed. Needs the role admin.',
    )
    .option('--source <name>', 'look at this source; repeatable', collect, [])
    .option('--destination <name>', 'look at this destination; repeatable', collect, [])
    .option('--all', 'look at every source and destination', false)
    .option('--remove', 'removes what is found', false)
    .option('--yes', 'does not ask before it removes', false)
    .option('--include-unknown', 'also removes what this database does not know', false)
    .option('--only <id>', 'removes only this external id; repeatable', collect, [])
    .addHelpText(
      'after',
      examples('guts service reap --all', 'guts service reap --destination cloud --remove --only 3f2a9c1e'),
    )
    .action((options: Options) => run((context) => reap(context, options)));
}
