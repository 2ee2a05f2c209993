import { createHash } from 'node:crypto';
import type { Notification } from '@guts/core';

/** The same event has the same id whoever sends it, and however often. */
function idOf({ event }: Notification): string {
  const bytes = createHash('sha256')
    .update(`${event.resourceId}\n${event.sequence}`)
    .digest()
    .subarray(0, 16);
  // A UUID of our own making: version 8 (RFC 9562, section 5.8).
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** `2026-01-02T03:04:05.678Z` as oslo.utils writes UTC: `2026-01-02 03:04:05.678000`. */
function osloTime(iso: string): string {
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '000');
}

/**
 * A notification as oslo.messaging's driver `messagingv2` sends it: the message as JSON within an envelope of version
 * 2.0 (oslo_messaging/_drivers/common.py, serialize_msg), with what the driver adds to it: an id of its own and the
 * context (oslo_messaging/_drivers/amqp.py, pack_context).
 * @param host of the publisher
 */
export function osloEnvelope(notification: Notification, host: string): Buffer {
  const { event, type, priority, payload } = notification;
  const id = idOf(notification);
  const message = {
    message_id: id,
    publisher_id: `migration.${host}`,
    event_type: type,
    priority,
    payload,
    timestamp: osloTime(event.at),
    _unique_id: id.replaceAll('-', ''),
    _context_project_id: event.projectId,
    _context_user_id: payload['user_id'] ?? null,
    _context_request_id: null,
    _context_is_admin: false,
  };
  return Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }));
}
