import { type BusMessage, type Topic, TOPICS } from '@guts/core';
import type { Channel } from 'amqplib';

/** Where everything is published: a topic exchange; the routing key is the topic, then the recipient if any. */
export const EXCHANGE = 'guts';
/** Where what nobody could handle goes, for people to look at. */
export const DEAD = 'guts.dead';
const DEAD_QUEUE = { durable: true, maxLength: 10_000 };

/** Exchanges and the queue of dead letters; durable, and the same whoever declares them first. */
export async function declareTopology(channel: Channel): Promise<void> {
  await channel.assertExchange(EXCHANGE, 'topic', { durable: true });
  await channel.assertExchange(DEAD, 'fanout', { durable: true });
  await channel.assertQueue(DEAD, DEAD_QUEUE);
  await channel.bindQueue(DEAD, DEAD, '');
}

/**
 * Messages that lie among the dead letters, without those that somebody just looks at. Declares the queue anew, for to
 * ask passively after one that somebody deleted ends the channel (AMQP 0-9-1, queue.declare, "passive").
 */
export async function countDeadLetters(channel: Channel): Promise<number> {
  const { messageCount } = await channel.assertQueue(DEAD, DEAD_QUEUE);
  return messageCount;
}

/**
 * The queue that listeners of a group share, or one of this connection's own that goes with it. Classic and durable:
 * messages are hints that the database has, so they need not be replicated.
 */
export async function declareQueue(
  channel: Channel,
  group: string | null,
  topics: readonly Topic[],
): Promise<string> {
  const { queue } =
    group === null
      ? await channel.assertQueue('', { exclusive: true, autoDelete: true, deadLetterExchange: DEAD })
      : await channel.assertQueue(`guts.${group}`, { durable: true, deadLetterExchange: DEAD });
  for (const topic of topics) await channel.bindQueue(queue, EXCHANGE, `${topic}.#`);
  return queue;
}

export function routingKey({ topic, to }: BusMessage): string {
  return to === undefined ? topic : `${topic}.${to}`;
}

/** Null: it is none of our messages. */
export function readMessage(content: Buffer): BusMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    return null; // poison: it goes to the dead letters
  }
  const { topic, id, to } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const known = TOPICS.find((one) => one === topic);
  if (known === undefined || typeof id !== 'string') return null;
  return { topic: known, id, ...(typeof to === 'string' ? { to } : {}) };
}
