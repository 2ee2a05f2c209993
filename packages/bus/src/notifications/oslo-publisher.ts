import { type Clock, GutsError, type Log, messageOf, type Notification } from '@guts/core';
import { addressOf } from '../rabbitmq/address.ts';
import { publishConfirmed } from '../rabbitmq/confirmed.ts';
import { type Live, RabbitConnection } from '../rabbitmq/connection.ts';
import type { NotificationOptions } from './open.ts';
import { osloEnvelope } from './envelope.ts';

/** Sends notifications to where consumers of oslo.messaging look for them. */
export interface NotificationPublisher {
  /** Resolves once the broker has it. @throws GutsError `bus_unavailable` */
  publish(notification: Notification): Promise<void>;
  close(): Promise<void>;
}

const PRIORITIES = ['info', 'error'] as const;
/** AMQP 0-9-1: what is there was declared otherwise. */
const PRECONDITION_FAILED = 406;

/** Tries it on a channel of its own: one that fails is closed by the broker. */
async function onChannel(
  { model }: Live,
  work: (channel: Awaited<ReturnType<Live['model']['createChannel']>>) => Promise<unknown>,
): Promise<void> {
  const channel = await model.createChannel();
  // Its failure is the call's, too.
  channel.on('error', () => undefined);
  await work(channel);
  await channel.close();
}

/** What others declared in their way is used as it is. */
async function orAsItIs(what: string, log: Log, declare: () => Promise<void>): Promise<void> {
  try {
    await declare();
  } catch (error) {
    if ((error as { code?: unknown }).code !== PRECONDITION_FAILED) throw error;
    log.info(
      { detail: messageOf(error) },
      `${what} of notifications is there, declared otherwise: used as it is`,
    );
  }
}

/**
 * As oslo.messaging's RabbitMQ driver does it (oslo_messaging/_drivers/impl_rabbit.py, notify_send and
 * _publish_and_creates_default_queue): a topic exchange of the name of `control_exchange`, routing key
 * `<topic>.<priority>`, and a queue of the same name, so that nothing is lost before the first consumer comes.
 */
export async function openOsloPublisher(
  options: NotificationOptions & { readonly clock: Clock; readonly log: Log },
): Promise<NotificationPublisher> {
  const { clock, log, exchange, topic, durable, host } = options;
  const address = addressOf(options, { url: 'notifications_url', ca: 'notifications_ca_file' });
  const connection = new RabbitConnection(address, { clock, log }, async (live) => {
    await orAsItIs('the exchange', log, () =>
      onChannel(live, (channel) => channel.assertExchange(exchange, 'topic', { durable })),
    );
    for (const priority of PRIORITIES) {
      const queue = `${topic}.${priority}`;
      await orAsItIs(`queue ${queue}`, log, () =>
        onChannel(live, (channel) => channel.assertQueue(queue, { durable, autoDelete: false })),
      );
      await onChannel(live, (channel) => channel.bindQueue(queue, exchange, queue));
    }
  });
  await connection.start();
  return {
    async publish(notification) {
      const { live } = connection;
      if (!live)
        throw new GutsError('bus_unavailable', `the broker is away: ${connection.health.detail ?? ''}`);
      await publishConfirmed(live.publisher, clock, {
        exchange,
        key: `${topic}.${notification.priority.toLowerCase()}`,
        content: osloEnvelope(notification, host),
        options: { persistent: true, contentType: 'application/json', contentEncoding: 'utf-8' },
      });
    },
    close: () => connection.close(),
  };
}
