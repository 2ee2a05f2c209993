import { type BusMessage, type Clock, type Log, messageOf } from '@guts/core';

/** How often a message is given to a handler that rejects before it is a dead letter. */
export const DELIVERIES = 5;
const PAUSE_MS = 200;

/** Gives a message to a handler until it is handled, a few times. False: it is a dead letter. */
export async function deliver(
  message: BusMessage,
  handler: (message: BusMessage) => void | Promise<void>,
  parts: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<boolean> {
  for (let delivery = 1; delivery <= DELIVERIES; delivery += 1) {
    try {
      await handler(message);
      return true;
    } catch (error) {
      parts.log.warn(
        { err: error, topic: message.topic, id: message.id, delivery },
        `a message was not handled: ${messageOf(error)}`,
      );
    }
    if (delivery < DELIVERIES) await parts.clock.sleep(PAUSE_MS * delivery, parts.signal);
  }
  parts.log.error({ topic: message.topic, id: message.id }, 'a message is set aside as a dead letter');
  return false;
}
