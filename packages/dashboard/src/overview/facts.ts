import type { Migration } from '@guts/contract';
import { groupOf } from '../migrations/board-search.ts';
import { type Moving, type Progress, progressOf, RUN } from '../live/progress.ts';

export interface Counts {
  readonly running: number;
  readonly waiting: number;
  readonly failed: number;
  readonly completed: number;
}

const WAIT: readonly Migration['status'][] = ['queued', 'scheduled', 'awaiting_cutover'];
const DONE: readonly Migration['status'][] = ['completed', 'committed'];

export function countsOf(all: Iterable<Migration>): Counts {
  const counts = { running: 0, waiting: 0, failed: 0, completed: 0 };
  for (const { status } of all) {
    if (RUN.includes(status)) counts.running += 1;
    else if (WAIT.includes(status)) counts.waiting += 1;
    else if (status === 'failed') counts.failed += 1;
    else if (DONE.includes(status)) counts.completed += 1;
  }
  return counts;
}

const URGENCY: readonly Migration['status'][] = ['failed', 'awaiting_cutover', 'completed'];

/** Those that go on only when a person does something, the most urgent first. */
export function needingPerson(all: Iterable<Migration>): readonly Migration[] {
  return [...all]
    .filter((one) => groupOf(one) === 'attention')
    .sort(
      (a, b) =>
        URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status) || b.updated_at.localeCompare(a.updated_at),
    );
}

/** Of all disks of all that run: what was moved, what is left, how fast, and when it ends at that rate. */
export function wholeOf(all: Iterable<Migration>, moving: Moving): Progress {
  const running = [...all].filter(({ status }) => status === 'running');
  return progressOf(running.flatMap(({ id }) => moving.get(id) ?? []));
}
