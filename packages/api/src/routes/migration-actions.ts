import { type MigrationAction, SERVED_ACTIONS } from '@guts/contract';
import {
  type Action,
  type ActionRequest,
  GutsError,
  mayAsk,
  type Migration,
  type NewEvent,
  type Phase,
  type Status,
} from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import type { Caller } from '../authenticator.ts';
import { allowedActions } from '../supported.ts';
import { liveArtifacts, undoIsOpen } from './undo-state.ts';

/** What is needed to ask, be it over HTTP or in a process of its own. */
export type ActionParts = Pick<ApiParts, 'store' | 'newId' | 'nudge'>;

/** One action asked of one migration, and by whom. */
interface Asked {
  readonly parts: ActionParts;
  readonly migration: Migration;
  readonly body: MigrationAction;
  readonly asker: { readonly caller: Caller; readonly requestId: string };
}
type Handler = (asked: Asked) => Promise<Migration | null>;

function eventOf({ parts, migration, body, asker }: Asked, status: Status): NewEvent {
  const { action, target } = body;
  const data = action === 'revert' ? { status, target: target ?? 'park' } : { status };
  return {
    projectId: migration.projectId,
    resource: 'migration',
    resourceId: migration.id,
    type: 'migration.action',
    severity: 'information',
    message: `${action} was asked for`,
    data: { action, ...data },
    audit: auditLine(parts, asker, `migration.${action}`, migration.id, { from: migration.status, ...data }),
  };
}

function move(
  asked: Asked,
  change: {
    status: Status;
    phase: Phase | null;
    error?: Migration['error'];
    request: ActionRequest | null;
  },
): Promise<Migration | null> {
  const { parts, migration, body } = asked;
  return parts.store.moveMigration(
    migration.id,
    [migration.status],
    { ...change, reason: `${body.action} was asked for` },
    eventOf(asked, change.status),
  );
}

const cancel: Handler = async (asked) => {
  const { parts, migration } = asked;
  if (migration.status === 'running')
    return parts.store.requestCancel(migration.id, eventOf(asked, 'cancelling'));
  const waits = migration.status === 'queued' || migration.status === 'scheduled';
  const direct = waits && (await liveArtifacts(parts, migration)).length === 0;
  return move(asked, {
    status: direct ? 'cancelled' : 'cancelling',
    phase: 'undo',
    request: direct ? null : { action: 'cancel' },
  });
};

/** What was on its way back goes on so; after an undo that left something, the undo goes on; else the forward steps. */
const retry: Handler = async (asked) => {
  const { parts, migration } = asked;
  const { request, error } = migration;
  const back = { phase: 'undo', error, request } as const;
  if (request?.action === 'revert') return move(asked, { ...back, status: 'reverting' });
  if (request?.action === 'cancel') return move(asked, { ...back, status: 'cancelling' });
  const open = await undoIsOpen(parts, migration);
  const phase: Phase | null = open ? 'undo' : null;
  return move(asked, { status: 'queued', phase, error: open ? error : null, request: null });
};

const revert: Handler = async (asked) => {
  const { confirm, target = 'park' } = asked.body;
  if (confirm !== true)
    throw new GutsError(
      'bad_request',
      `a revert brings the source back; what was written on the target since cutover is lost to it, and the target is ${target === 'park' ? 'stopped, locked and kept' : 'deleted'}`,
      { field: 'body.confirm', remedy: 'Send "confirm": true if that is what you want.' },
    );
  return move(asked, {
    status: 'reverting',
    phase: 'undo',
    error: null,
    request: { action: 'revert', target },
  });
};

const commit: Handler = (asked) =>
  move(asked, { status: 'committing', phase: 'cutover', error: null, request: { action: 'commit' } });

const HANDLERS: Readonly<Partial<Record<Action, Handler>>> = { cancel, retry, revert, commit };

/**
 * Asks an action of a migration as it was read; what a worker has to do for it is queued.
 * @throws GutsError `conflict` with what may be asked instead, or when it changed since; `unsupported`; `bad_request`
 */
export async function act(
  parts: ActionParts,
  migration: Migration,
  body: MigrationAction,
  asker: Asked['asker'],
): Promise<Migration> {
  const { status } = migration;
  const { action } = body;
  const actions = allowedActions(migration);
  const remedy = actions.length > 0 ? `It can: ${actions.join(', ')}.` : 'Nothing can be asked of it now.';
  if (!mayAsk(status, action))
    throw new GutsError('conflict', `a migration that is ${status} cannot ${action}`, {
      remedy,
      details: { status, actions },
    });
  const handler = HANDLERS[action];
  if (!handler)
    throw new GutsError('unsupported', `this version cannot ${action} a migration`, {
      remedy: `It can: ${SERVED_ACTIONS.join(', ')}.`,
    });
  if (!actions.includes(action))
    throw new GutsError('conflict', `a revert of this migration has begun: it cannot ${action}`, {
      remedy,
      details: { status, actions },
    });
  if (action !== 'revert' && (body.target !== undefined || body.confirm !== undefined))
    throw new GutsError('bad_request', `${action} takes neither confirm nor target`, {
      field: body.target === undefined ? 'body.confirm' : 'body.target',
      remedy: 'Only a revert does.',
    });
  const moved = await handler({ parts, migration, body, asker });
  if (!moved)
    throw new GutsError('conflict', 'the migration changed at the same moment', {
      remedy: 'Look at it and ask again.',
    });
  parts.nudge();
  return moved;
}
