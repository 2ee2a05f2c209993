import { act, type ActionParts } from '@guts/api';
import { confirm, type CliContext, revertWarning } from '@guts/cli';
import type { MigrationAction } from '@guts/contract';
import { type Endpoint, GutsError, type Instance, type Migration, type Status, type Store } from '@guts/core';
import { ASKER, SCOPE } from './asker.ts';
import type { OneShotAction, OneShotOptions } from './options.ts';

const PAGE = 1000;
/** Where an action was asked for already: a run that was cut off is gone on with. */
const UNDER_WAY: Readonly<Record<OneShotAction, readonly Status[]>> = {
  cancel: ['cancelling'],
  revert: ['reverting'],
  commit: ['committing'],
  retry: ['queued', 'scheduled', 'running', 'cancelling', 'reverting', 'committing'],
};

/** An instance has one migration that is of any interest: its last. */
async function lastMigration(store: Store, source: Endpoint, ref: string): Promise<Migration | null> {
  let last: Migration | null = null;
  let marker: string | undefined;
  for (;;) {
    const page = await store.listMigrations(SCOPE, {
      limit: PAGE,
      sourceId: source.id,
      ...(marker === undefined ? {} : { marker }),
    });
    last = page.findLast((one) => one.instanceRef === ref) ?? last;
    marker = page.at(-1)?.id;
    if (page.length < PAGE || marker === undefined) return last;
  }
}

/** @throws GutsError `not_found`; `bad_request` when it went to another cloud */
export async function migrationOf(
  store: Store,
  source: Endpoint,
  destination: Endpoint,
  instance: Instance,
): Promise<Migration> {
  const found = await lastMigration(store, source, instance.ref);
  if (!found)
    throw new GutsError('not_found', `no migration of "${instance.name}" from ${source.name} is known here`, {
      remedy:
        'What guts migrate did is known in its state folder (GUTS_STATE_DIR), under the address of the source.',
    });
  if (found.destinationId === destination.id) return found;
  const other = await store.getEndpoint('destination', found.destinationId, SCOPE);
  throw new GutsError('bad_request', `"${instance.name}" did not go to ${destination.name}`, {
    field: '--cloud',
    remedy: `It went to ${other?.name ?? found.destinationId}.`,
  });
}

/** Whether a person wants it: a revert loses what was written since. @throws UsageError when nobody can be asked */
export async function wanted(
  context: Pick<CliContext, 'ask'>,
  migrations: readonly Migration[],
  { action, target, yes }: OneShotOptions,
): Promise<boolean> {
  if (action !== 'revert') return true;
  for (const { id, instanceName } of migrations)
    if (!(await confirm(context, revertWarning(`${id} ("${instanceName}")`, target ?? 'park'), yes)))
      return false;
  return true;
}

/**
 * Asks the action, or goes on with it where it was asked for already. Gives the migration and the status that is
 * its end when all goes well.
 * @throws GutsError `conflict`
 */
export async function askAction(
  parts: ActionParts,
  migration: Migration,
  action: OneShotAction,
  target: 'park' | 'remove' | undefined,
): Promise<{ readonly migration: Migration; readonly goal: Status }> {
  const { status, request } = migration;
  const underWay = UNDER_WAY[action].includes(status);
  if (underWay && target !== undefined && request?.target !== target)
    throw new GutsError('conflict', `the revert that was begun does not ${target} the target`, {
      remedy: `Say --target ${request?.target ?? 'park'}, or leave it out.`,
    });
  const body: MigrationAction =
    action === 'revert' ? { action, confirm: true, target: target ?? 'park' } : { action };
  const asked = underWay ? migration : await act(parts, migration, body, ASKER);
  return { migration: asked, goal: goalOf(action, asked) };
}

function goalOf(action: OneShotAction, { request, cancelRequested }: Migration): Status {
  switch (action === 'retry' ? request?.action : action) {
    case 'revert':
      return 'reverted';
    case 'commit':
      return 'committed';
    case 'cancel':
      return 'cancelled';
    default:
      return cancelRequested ? 'cancelled' : 'completed';
  }
}
