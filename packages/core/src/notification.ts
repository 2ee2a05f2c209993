import type { GutsEvent } from './event.ts';
import type { Migration } from './migration.ts';
import { STATUSES, type Status } from './states.ts';

/** What other services are told of a migration. */
export const NOTIFICATION_TYPES = [
  'migration.start',
  'migration.step',
  'migration.end',
  'migration.error',
] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

export interface Notification {
  readonly type: NotificationType;
  readonly priority: 'INFO' | 'ERROR';
  readonly event: GutsEvent;
  readonly payload: Readonly<Record<string, unknown>>;
}

const ENDS: readonly Status[] = ['completed', 'cancelled', 'reverted', 'committed'];
/** What a worker takes up besides moving the instance. */
const BACKWARD: readonly Status[] = ['cancelling', 'reverting', 'committing'];

function typeOf({ type, data }: GutsEvent): NotificationType | null {
  const status = statusOf(data);
  const step = data['step'];
  if (type.startsWith('step.')) return 'migration.step';
  // A cancel of what had not begun ends it at once.
  if (type === 'migration.action') return status === 'cancelled' ? 'migration.end' : null;
  if (type !== 'migration.status' || status === null) return null;
  if (status === 'failed') return 'migration.error';
  if (ENDS.includes(status)) return 'migration.end';
  const begins =
    (status === 'running' && step === 'preflight') || (BACKWARD.includes(status) && step === null);
  return begins ? 'migration.start' : null;
}

function statusOf(data: GutsEvent['data']): Status | null {
  return STATUSES.find((one) => one === data['status']) ?? null;
}

/** Whether the event is one that others are told of, before its migration is read. */
export function isNotified(event: GutsEvent): boolean {
  return event.resource === 'migration' && typeOf(event) !== null;
}

/**
 * What others are told of an event: how it was then, and what of the migration never changes. Null: nothing.
 * docs/notifications.md has the payload.
 */
export function notificationOf(event: GutsEvent, migration: Migration): Notification | null {
  const type = isNotified(event) ? typeOf(event) : null;
  if (type === null) return null;
  const { data } = event;
  const of = (key: string): unknown => data[key] ?? null;
  return {
    type,
    priority: event.severity === 'error' ? 'ERROR' : 'INFO',
    event,
    payload: {
      migration_id: migration.id,
      name: migration.name,
      project_id: migration.projectId,
      user_id: migration.userId,
      plan_id: migration.planId,
      source_id: migration.sourceId,
      destination_id: migration.destinationId,
      target_project_id: migration.targetProject,
      instance_ref: migration.instanceRef,
      instance_name: migration.instanceName,
      mode: migration.mode,
      purpose: migration.purpose,
      status: statusOf(data),
      phase: of('phase'),
      step: of('step'),
      step_status: event.type.startsWith('step.') ? event.type.slice('step.'.length) : null,
      attempt: of('attempt'),
      error: of('error'),
      message: event.message,
      event_id: event.sequence,
      occurred_at: event.at,
    },
  };
}
