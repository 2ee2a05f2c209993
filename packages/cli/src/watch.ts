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
/** Between looks: of one migration, and more for each of many, which are not to wear guts-api out. */
const POLL_MS = 400;
const POLL_MS_EACH = 10;
/** Said by the bars already. */
const QUIET: readonly string[] = ['artifact.created', 'artifact.removed', 'step.started', 'migration.status'];

const stateOf = ({ status, step }: Migration): string => (step === null ? status : `${status}: ${step}`);

/** Shows migrations until none is on its way any more; gives their last state. */
export async function watchMigrations(
  source: WatchSource,
  ids: readonly string[],
  options: { readonly out: Output; readonly signal: AbortSignal; readonly after?: number },
): Promise<readonly Migration[]> {
  const display = new ProgressDisplay(options.out);
  const seen = new Map<string, number>();
  const last = new Map<string, Migration>();
  let going = [...ids];
  for (;;) {
    const migrations = await Promise.all(going.map((id) => source.migration(id)));
    for (const migration of migrations) {
      last.set(migration.id, migration);
      for (const event of await source.events(migration.id, seen.get(migration.id) ?? options.after ?? 0)) {
        seen.set(migration.id, event.sequence);
        if (!QUIET.includes(event.type)) display.line(`${migration.name}: ${event.message}`);
      }
    }
    const moving = migrations.filter((one) => !SETTLED.includes(one.status));
    const views = [];
    for (const one of moving)
      views.push({ name: one.name, state: stateOf(one), disks: (await source.disks(one.id)).map(toLine) });
    display.show(views);
    going = moving.map(({ id }) => id);
    if (going.length === 0) return ids.flatMap((id) => last.get(id) ?? []);
    await sleep(POLL_MS + POLL_MS_EACH * going.length, undefined, { signal: options.signal });
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
