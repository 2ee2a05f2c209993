import { type Bus, type BusMessage, type Clock, GutsError, type Log, type Topic } from '@guts/core';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { BusOptions } from '../open.ts';
import { deliver } from '../redeliver.ts';
import { addressOf } from './address.ts';
import { publishConfirmed } from './confirmed.ts';
import { type Live, RabbitConnection } from './connection.ts';
import {
  countDeadLetters,
  declareQueue,
  declareTopology,
  EXCHANGE,
  readMessage,
  routingKey,
} from './topology.ts';
import { within } from './within.ts';

/** Messages that one listener handles at once. */
const PREFETCH = 16;
/** How long closing waits for handlers. */
const CLOSE_MS = 10_000;
const CHANNEL_MS = 2000;
/** How long who asks for the dead letters waits; a broker that raised an alarm still answers. */
const COUNT_MS = 2000;

type Handler = (message: BusMessage) => void | Promise<void>;

/** One subscription; it outlives connections. */
class Listener {
  readonly #topics: readonly Topic[];
  readonly #group: string | null;
  readonly #handler: Handler;
  readonly #parts: { readonly clock: Clock; readonly log: Log };
  readonly #stopping = new AbortController();
  readonly #handling = new Set<Promise<void>>();
  #channel: Channel | null = null;

  constructor(
    topics: readonly Topic[],
    group: string | null,
    handler: Handler,
    parts: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#topics = topics;
    this.#group = group;
    this.#handler = handler;
    this.#parts = parts;
  }

  async attach({ model }: Live): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => this.#parts.log.warn({ err: error }, 'a channel of the broker failed'));
    channel.once('close', () => void model.close().catch(() => undefined));
    await channel.prefetch(PREFETCH);
    const queue = await declareQueue(channel, this.#group, this.#topics);
    this.#channel = channel;
    await channel.consume(queue, (message) => {
      // Null: the queue was deleted. Everything is declared again on a new connection.
      if (message === null) void model.close().catch(() => undefined);
      else this.#take(channel, message);
    });
  }

  #take(channel: Channel, message: ConsumeMessage): void {
    const work = this.#handle(channel, message).finally(() => this.#handling.delete(work));
    this.#handling.add(work);
  }

  async #handle(channel: Channel, raw: ConsumeMessage): Promise<void> {
    const { clock, log } = this.#parts;
    const message = readMessage(raw.content);
    let handled = false;
    if (message === null)
      log.error({ key: raw.fields.routingKey }, 'a message that is none of ours is set aside');
    else {
      try {
        handled = await deliver(message, this.#handler, { clock, log, signal: this.#stopping.signal });
      } catch {
        return; // stopping between two deliveries: without an answer the broker gives it to another
      }
    }
    try {
      if (handled) channel.ack(raw);
      else channel.nack(raw, false, false);
    } catch (error) {
      // The channel is gone: the broker will give the message to somebody again.
      log.debug({ err: error }, 'a message could not be acknowledged');
    }
  }

  async stop(): Promise<void> {
    const { clock } = this.#parts;
    const channel = this.#channel;
    this.#channel = null;
    this.#stopping.abort();
    await within(clock, CLOSE_MS, Promise.allSettled(this.#handling));
    channel?.removeAllListeners('close');
    // A channel whose connection is gone is never told to be closed.
    if (channel) await within(clock, CHANNEL_MS, channel.close());
  }
}

/** The bus on RabbitMQ (AMQP 0-9-1). */
export async function openRabbit(options: BusOptions): Promise<Bus> {
  const { clock, log } = options;
  const listeners = new Set<Listener>();
  const connection = new RabbitConnection(addressOf(options), { clock, log }, async (live) => {
    await declareTopology(live.publisher);
    for (const listener of listeners) await listener.attach(live);
  });
  await connection.start();
  let closed = false;

  const away = (): GutsError =>
    new GutsError(
      'bus_unavailable',
      closed ? 'the bus is closed' : `the broker is away: ${connection.health.detail ?? ''}`,
    );

  return {
    async publish(message) {
      const { live } = connection;
      if (closed || !live) throw away();
      const content = Buffer.from(JSON.stringify(message));
      await publishConfirmed(live.publisher, clock, {
        exchange: EXCHANGE,
        key: routingKey(message),
        content,
        options: { persistent: true, contentType: 'application/json' },
      });
    },

    async subscribe(topics, { group }, handler) {
      if (closed) throw away();
      const listener = new Listener(topics, group, handler, { clock, log });
      listeners.add(listener);
      const { live } = connection;
      // On a connection that fails meanwhile it is attached with the next one.
      if (live) await listener.attach(live).catch(() => live.model.close().catch(() => undefined));
      return async () => {
        listeners.delete(listener);
        await listener.stop();
      };
    },

    health: () => connection.health,

    async deadLetters() {
      const { live } = connection;
      if (closed || !live) return null;
      let count: number | null = null;
      const ask = async (): Promise<void> => {
        try {
          count = await countDeadLetters(live.publisher);
        } catch (error) {
          // Its channel is gone: the connection is made anew.
          log.warn({ err: error }, 'the dead letters could not be counted');
        }
      };
      await within(clock, COUNT_MS, ask());
      return count;
    },

    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([...listeners].map((listener) => listener.stop()));
      await connection.close();
    },
  };
}
