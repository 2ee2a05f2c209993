import { type BusHealth, type Clock, GutsError, type Log, messageOf } from '@guts/core';
import { type ChannelModel, connect, type ConfirmChannel } from 'amqplib';
import type { Address } from './address.ts';
import { within } from './within.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 15_000;
const CLOSE_MS = 3000;

export interface Live {
  readonly model: ChannelModel;
  readonly publisher: ConfirmChannel;
}

/** One connection to the broker, made again for ever with back-off and jitter. */
export class RabbitConnection {
  readonly #address: Address;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #onConnect: (live: Live) => Promise<void>;
  #live: Live | null = null;
  #health: BusHealth;
  #loop: Promise<void> = Promise.resolve();
  /** Ends the wait for the present connection. */
  #end: (why: string) => void = () => undefined;

  /** @param onConnect declares what is published to and makes the listeners' queues anew, before anything is published */
  constructor(address: Address, parts: { clock: Clock; log: Log }, onConnect: (live: Live) => Promise<void>) {
    this.#address = address;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onConnect = onConnect;
    this.#health = this.#state(false, 'not connected yet');
  }

  get health(): BusHealth {
    return this.#health;
  }

  /** Null while it is away. */
  get live(): Live | null {
    return this.#live;
  }

  /** Tries once; whatever comes of it, it goes on by itself. */
  async start(): Promise<void> {
    let tried: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      tried = resolve;
    });
    this.#loop = this.#run(tried);
    await first;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const { model } = this.#live ?? {};
    // Its end is awaited by the loop; a broker that is gone never says goodbye.
    if (model) await within(this.#clock, CLOSE_MS, model.close());
    this.#end('closed');
    await this.#loop;
  }

  async #run(tried: () => void): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        const { model, ended } = await this.#connect();
        failures = 0;
        tried();
        // Whoever closed while it was being made did not see it.
        if (this.#closing.signal.aborted) await within(this.#clock, CLOSE_MS, model.close());
        if (this.#closing.signal.aborted) return;
        const why = await ended;
        this.#live = null;
        this.#health = this.#state(false, why);
        if (!this.#closing.signal.aborted)
          this.#log.warn({ broker: this.#address.name }, `the broker is away: ${why}`);
      } catch (error) {
        failures += 1;
        const detail = `${this.#address.name}: ${messageOf(error)}`;
        if (this.#health.connected || this.#health.detail !== detail)
          this.#health = this.#state(false, detail);
        if (failures === 1) this.#log.warn({ err: error }, `the broker cannot be reached: ${detail}`);
        tried();
      }
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 8));
      await this.#clock.sleep(pause * (0.5 + Math.random() / 2), this.#closing.signal).catch(() => undefined); // closed
    }
  }

  /** Resolves once everything is declared, with what resolves when the connection ends. */
  async #connect(): Promise<{ readonly model: ChannelModel; readonly ended: Promise<string> }> {
    const model = await connect({ ...this.#address.connection }, { ...this.#address.socket });
    let why = 'the connection was closed';
    model.on('error', (error) => {
      why = messageOf(error);
    });
    const ended = new Promise<string>((resolve) => {
      model.once('close', () => resolve(why));
      this.#end = resolve;
    });
    try {
      const publisher = await model.createConfirmChannel();
      publisher.on('error', (error) => {
        why = messageOf(error);
      });
      const live = { model, publisher };
      await this.#onConnect(live);
      this.#live = live;
      this.#health = this.#state(true, null);
      this.#log.info({ broker: this.#address.name }, 'connected to the broker');
      // A channel that fails alone takes the connection with it: everything is made anew.
      publisher.once('close', () => void model.close().catch(() => undefined));
      return { model, ended };
    } catch (error) {
      await model.close().catch(() => undefined);
      throw new GutsError('bus_unavailable', messageOf(error), { cause: error });
    }
  }

  #state(connected: boolean, detail: string | null): BusHealth {
    return { kind: 'rabbitmq', connected, since: new Date(this.#clock.now()).toISOString(), detail };
  }
}
