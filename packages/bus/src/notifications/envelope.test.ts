import { expect, test } from 'vitest';
import type { GutsEvent, Notification } from '@guts/core';
import { osloEnvelope } from './envelope.ts';

const event: GutsEvent = {
  sequence: 7,
  projectId: 'p',
  resource: 'migration',
  resourceId: 'm',
  type: 'step.started',
  severity: 'information',
  message: '',
  data: {},
  at: '2026-01-02T03:04:05.678Z',
};
const notification: Notification = {
  type: 'migration.step',
  priority: 'INFO',
  event,
  payload: { migration_id: 'm', user_id: 'u' },
};
function messageOf(content: Buffer): Record<string, unknown> {
  const envelope = JSON.parse(content.toString('utf8')) as Record<string, string>;
  expect(Object.keys(envelope)).toEqual(['oslo.version', 'oslo.message']);
  expect(envelope['oslo.version']).toBe('2.0');
  return JSON.parse(envelope['oslo.message'] ?? '') as Record<string, unknown>;
}

test('the message within the envelope', () => {
  const message = messageOf(osloEnvelope(notification, 'h1'));
  expect(message).toMatchObject({
    publisher_id: 'migration.h1',
    event_type: 'migration.step',
    priority: 'INFO',
    timestamp: '2026-01-02 03:04:05.678000',
    payload: { migration_id: 'm', user_id: 'u' },
    _context_project_id: 'p',
    _context_user_id: 'u',
  });
  expect(message['message_id']).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('an event has one id, whoever sends it and however often; another event another', () => {
  const id = (host: string, more: Partial<GutsEvent> = {}) =>
    messageOf(osloEnvelope({ ...notification, event: { ...event, ...more } }, host))['_unique_id'];
  expect(id('h1')).toBe(id('h2'));
  expect(id('h1', { sequence: 8 })).not.toBe(id('h1'));
});
