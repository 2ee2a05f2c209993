import type { Disk, Event, Migration } from '@guts/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Output } from './context.ts';
import { ProgressDisplay } from './output/board.ts';

/** Where the present state comes from: the API, or the one-shot's own database. */
export interface WatchSource {
  migration(id: string): Promise<Migration>;
  disks(id: string): Promise<readonly Disk[]>;
  events(id: string, after: number): Promise<readonly Event[]>;
}

/** States that a migration does not leave by itself. */
export const SETTLED: readonly string[] = [
  'completed',
  'failed',
  'cancelled',
  'reverted',
  'committed',
  'awaiting_cutover',
];
const POLL_MS = 400;
/** Said by the bars already. */
const QUIET: readonly string[] = ['artifact.created', 'artifact.removed', 'step.started', 'migration.status'];

const titleOf = ({ name, status, step }: Migration): string =>
  `${name}  ${status}${step === null ? '' : `: ${step}`}`;

/** Shows migrations until none is on its way any more; gives their last state. */
export async function watchMigrations(
  source: WatchSource,
  ids: readonly string[],
  options: { readonly out: Output; readonly signal: AbortSignal; readonly after?: number },
): Promise<readonly Migration[]> {
  const display = new ProgressDisplay(options.out);
  const seen = new Map<string, number>();
  for (;;) {
    const migrations = await Promise.all(ids.map((id) => source.migration(id)));
    for (const migration of migrations) {
      for (const event of await source.events(migration.id, seen.get(migration.id) ?? options.after ?? 0)) {
        seen.set(migration.id, event.sequence);
        if (!QUIET.includes(event.type)) display.line(`${migration.name}: ${event.message}`);
      }
    }
    const going = migrations.filter((one) => !SETTLED.includes(one.status));
    const views = [];
    for (const one of going)
      views.push({ title: titleOf(one), disks: (await source.disks(one.id)).map(toLine) });
    display.show(views);
    if (going.length === 0) return migrations;
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

function toLine(disk: Disk) {
  return {
    label: disk.label,
    state: disk.state,
    bytesDone: disk.bytes_done,
    bytesTotal: disk.bytes_total,
    bytesPerSecond: disk.bytes_per_second,
    etaSeconds: disk.eta_seconds,
  };
}
