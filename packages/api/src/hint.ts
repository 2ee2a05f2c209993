import { type BusMessage, messageOf } from '@guts/core';
import type { ApiParts } from './api-parts.ts';

/**
 * Tells the others that a row changed. The row is written by then and is what counts: a message that cannot be sent
 * only makes them find out at their next poll, and is no failure of the request.
 */
export async function hint({ bus, log }: ApiParts, message: BusMessage): Promise<void> {
  try {
    await bus.publish(message);
  } catch (error) {
    log.warn({ topic: message.topic, id: message.id, err: messageOf(error) }, 'a message could not be sent');
  }
}
