import { ERROR_CODES, type Migration, type MigrationAction, routes } from '@guts/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CliContext } from './context.ts';
import { showOne } from './output/show.ts';
import { SETTLED } from './watch.ts';

const POLL_MS = 500;

/** For help texts. */
export const WAIT_HELP = 'stays until it has ended, and tells by the exit code how';

const MOVED: readonly string[] = ['completed', 'committed'];

/** Statuses that are a good end of what was asked for. A retry goes on with what had failed, which the answer tells. */
function goalsOf(action: MigrationAction['action'] | 'create', { status }: Migration): readonly string[] {
  if (action === 'cancel' || status === 'cancelling') return ['cancelled'];
  if (action === 'revert' || status === 'reverting') return ['reverted'];
  return action === 'commit' ? ['committed'] : MOVED;
}

/** The exit code of a migration that has ended: 0 when it came to its goal, else that of its error. */
function exitOf({ status, error }: Migration, goals: readonly string[]): number {
  if (goals.includes(status)) return 0;
  if (status === 'cancelled') return ERROR_CODES.cancelled.exit;
  // A newer guts-api may know codes that we do not.
  const known: Readonly<Record<string, { readonly exit: number }>> = ERROR_CODES;
  return (error === null ? undefined : known[error.code]?.exit) ?? 1;
}

/**
 * Waits until a migration no longer goes on by itself, shows it, and sets the exit code.
 * @param asked as the answer to the action showed it
 */
export async function waitAndShow(
  context: CliContext,
  action: MigrationAction['action'] | 'create',
  asked: Migration,
): Promise<void> {
  const { client, signal } = context;
  let now = asked;
  while (!SETTLED.includes(now.status)) {
    await sleep(POLL_MS, undefined, { signal });
    now = (await client.call(routes.migrations.show, { params: { id: asked.id }, signal })).migration;
  }
  showOne(context, now);
  const exit = exitOf(now, goalsOf(action, asked));
  if (exit !== 0) context.exit(exit);
}
