import {
  type Action,
  type Artifact,
  GutsError,
  mayAsk,
  type Migration,
  type NewEvent,
  type Phase,
  type Status,
  STATUS_RULES,
} from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { hint } from '../hint.ts';
import { SERVED_ACTIONS } from '../supported.ts';

function eventOf(migration: Migration, action: Action, status: Status): NewEvent {
  return {
    projectId: migration.projectId,
    resource: 'migration',
    resourceId: migration.id,
    type: 'migration.action',
    severity: 'information',
    message: `${action} was asked for`,
    data: { action, status },
  };
}

async function liveArtifacts({ store }: ApiParts, { id }: Migration): Promise<Artifact[]> {
  return (await store.listArtifacts(id)).filter(
    ({ status }) => status === 'intended' || status === 'created',
  );
}

async function cancel(parts: ApiParts, migration: Migration): Promise<Migration | null> {
  const { store } = parts;
  if (migration.status === 'running')
    return store.requestCancel(migration.id, eventOf(migration, 'cancel', 'cancelling'));
  const live = await liveArtifacts(parts, migration);
  const direct = live.length === 0 && (migration.status === 'queued' || migration.status === 'scheduled');
  const status = direct ? 'cancelled' : 'cancelling';
  const change = { status, phase: 'undo', reason: 'cancel was asked for' } as const;
  return store.moveMigration(migration.id, [migration.status], change, eventOf(migration, 'cancel', status));
}

/**
 * Whether an undo has still something to do: it named residues, or never came to its end (a cancel that could not
 * reach the clouds names none). The source is put back always, the target unless the policy keeps it.
 */
async function undoIsOpen(parts: ApiParts, migration: Migration): Promise<boolean> {
  if (migration.error?.details?.['residues'] !== undefined) return true;
  const { onFailure } = migration.spec.policies;
  const live = await liveArtifacts(parts, migration);
  return live.some(({ side }) => side === 'source' || (side === 'destination' && onFailure === 'undo'));
}

/** After an undo that left something, the undo goes on first; never the forward steps. */
async function retry(parts: ApiParts, migration: Migration): Promise<Migration | null> {
  const { store } = parts;
  const phase: Phase | null = (await undoIsOpen(parts, migration)) ? 'undo' : null;
  const change = {
    status: 'queued',
    phase,
    reason: 'retry was asked for',
    error: phase === null ? null : migration.error,
  } as const;
  return store.moveMigration(migration.id, ['failed'], change, eventOf(migration, 'retry', 'queued'));
}

/** @throws GutsError `conflict` with what may be asked instead; `unsupported` */
export async function act(parts: ApiParts, migration: Migration, action: Action): Promise<Migration> {
  const { status } = migration;
  if (!mayAsk(status, action)) {
    const actions = STATUS_RULES[status].actions.filter((one) => SERVED_ACTIONS.includes(one));
    throw new GutsError('conflict', `a migration that is ${status} cannot ${action}`, {
      remedy: actions.length > 0 ? `It can: ${actions.join(', ')}.` : 'Nothing can be asked of it now.',
      details: { status, actions },
    });
  }
  if (!SERVED_ACTIONS.includes(action))
    throw new GutsError('unsupported', `this version cannot ${action} a migration`, {
      remedy: `It can: ${SERVED_ACTIONS.join(', ')}.`,
    });
  const moved = action === 'cancel' ? await cancel(parts, migration) : await retry(parts, migration);
  if (!moved)
    throw new GutsError('conflict', 'the migration changed at the same moment', {
      remedy: 'Look at it and ask again.',
    });
  await hint(parts, { topic: 'migration.action', id: migration.id });
  return moved;
}
