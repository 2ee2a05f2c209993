import { expect, test } from 'vitest';
import type { GutsEvent } from './event.ts';
import type { Migration } from './migration.ts';
import { notificationOf } from './notification.ts';

const migration = { id: 'm', name: 'n', projectId: 'p' } as Migration;
const event = (type: string, data: GutsEvent['data'], more: Partial<GutsEvent> = {}): GutsEvent => ({
  sequence: 7,
  projectId: 'p',
  resource: 'migration',
  resourceId: 'm',
  type,
  severity: 'information',
  message: 'text',
  data,
  at: '2026-01-02T03:04:05.678Z',
  ...more,
});

test.each([
  ['migration.status', { status: 'running', phase: 'copy', step: 'preflight' }, 'migration.start'],
  ['migration.status', { status: 'running', phase: 'copy', step: 'transfer' }, null],
  ['migration.status', { status: 'reverting', phase: 'undo', step: null }, 'migration.start'],
  ['migration.status', { status: 'running', phase: 'undo', step: null }, null],
  ['step.started', { step: 'transfer' }, 'migration.step'],
  ['step.failed', { step: 'transfer', attempt: 2 }, 'migration.step'],
  ['migration.status', { status: 'completed', error: null }, 'migration.end'],
  ['migration.status', { status: 'committed', error: null }, 'migration.end'],
  ['migration.status', { status: 'failed', error: { code: 'internal' } }, 'migration.error'],
  ['migration.action', { action: 'cancel', status: 'cancelled' }, 'migration.end'],
  ['migration.action', { action: 'cancel', status: 'cancelling' }, null],
  ['migration.created', {}, null],
  ['artifact.created', { kind: 'port' }, null],
])('%s %j is %s', (type, data, wanted) =>
  expect(notificationOf(event(type, data), migration)?.type ?? null).toBe(wanted),
);

test('the payload tells how it was then', () => {
  const told = notificationOf(
    event('step.failed', { step: 'transfer', attempt: 2 }, { severity: 'error' }),
    migration,
  );
  expect(told).toMatchObject({
    priority: 'ERROR',
    payload: {
      migration_id: 'm',
      step: 'transfer',
      step_status: 'failed',
      attempt: 2,
      event_id: 7,
      status: null,
    },
  });
  expect(notificationOf(event('step.started', {}, { resource: 'operation' }), migration)).toBeNull();
});
