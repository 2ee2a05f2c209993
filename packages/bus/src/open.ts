import { type Bus, type Clock, GutsError, type Log } from '@guts/core';
import { createLocalBus } from './local.ts';

export interface BusOptions {
  /** `local:`, `amqp://user@host:port/vhost` or `amqps://…`. */
  readonly url: string;
  /** Wins over one in the URL. */
  readonly password?: string;
  readonly tls?: {
    /** PEM file of the authorities that the broker's certificate is checked against. */
    readonly caFile?: string;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the bus. A broker that is away is no error: it is connected to once it is there, and until then the
 * database is polled. Its client is loaded only when it is asked for.
 * @throws GutsError `configuration` when the URL or the file of authorities is of no use
 */
export async function openBus(options: BusOptions): Promise<Bus> {
  const { url } = options;
  if (url === 'local:') return createLocalBus(options);
  if (url.startsWith('amqp://') || url.startsWith('amqps://')) {
    const { openRabbit } = await import('./rabbitmq/rabbit-bus.ts');
    return openRabbit(options);
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? '';
  throw new GutsError('configuration', `bus_url "${scheme}…" is not supported`, {
    field: 'bus_url',
    remedy: 'Use local: or amqp://user@host/vhost, amqps://user@host/vhost.',
  });
}
