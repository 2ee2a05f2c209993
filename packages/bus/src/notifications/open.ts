import { type Clock, GutsError, type Log } from '@guts/core';
import type { NotificationPublisher } from './oslo-publisher.ts';

export interface NotificationOptions {
  /** `amqp://user@host:port/vhost` or `amqps://…`. */
  readonly url: string;
  /** Wins over one in the URL. */
  readonly password?: string;
  readonly tls?: { readonly caFile?: string };
  /** Consumers' `control_exchange`. */
  readonly exchange: string;
  readonly topic: string;
  /** As consumers declare exchange and queues: `amqp_durable_queues`. */
  readonly durable: boolean;
  /** Stands in the publisher's id. */
  readonly host: string;
}

/**
 * A broker that is away is no error. Its client is loaded only when it is asked for.
 * @throws GutsError `configuration`
 */
export async function openNotifications(
  options: NotificationOptions & { readonly clock: Clock; readonly log: Log },
): Promise<NotificationPublisher> {
  if (!/^amqps?:\/\//.test(options.url))
    throw new GutsError('configuration', 'notifications_url is not supported', {
      field: 'notifications_url',
      remedy: 'Use amqp://user@host/vhost or amqps://user@host/vhost.',
    });
  const { openOsloPublisher } = await import('./oslo-publisher.ts');
  return openOsloPublisher(options);
}
