/** Messages are hints: a lost or doubled one changes nothing but latency. */
export const TOPICS = [
  'migration.queued',
  'migration.scheduled',
  'migration.action',
  'operation.queued',
] as const;
export type Topic = (typeof TOPICS)[number];

export interface BusMessage {
  readonly topic: Topic;
  /** The id of the row it is about. */
  readonly id: string;
  /** The worker it is for; absent: whoever listens. */
  readonly to?: string;
}

export interface BusHealth {
  readonly kind: 'in-process' | 'rabbitmq';
  readonly connected: boolean;
  /** Since when it is as it is; ISO 8601. */
  readonly since: string;
  /** Why it is not connected; never a secret. */
  readonly detail: string | null;
}

export interface Bus {
  /**
   * Resolves once the message is safe: with a broker, once it has confirmed it.
   * @throws GutsError `bus_unavailable` when that did not happen; it may have been sent nevertheless
   */
  publish(message: BusMessage): Promise<void>;
  /**
   * Hears messages until the returned function is called. A message counts as handled (acknowledged) once the
   * handler's promise resolves; when it rejects, the message comes again a few times, then it is set aside as a
   * dead letter.
   * @param options.group listeners of one group share a durable queue: each message reaches one of them; null:
   *   this listener hears every message while it listens
   */
  subscribe(
    topics: readonly Topic[],
    options: { readonly group: string | null },
    handler: (message: BusMessage) => void | Promise<void>,
  ): Promise<() => Promise<void>>;
  health(): BusHealth;
  /**
   * How many messages were set aside as dead letters and lie there still; of the in-process bus, since it was opened.
   * Null: not known, for it is away or does not tell in time. Never rejects.
   */
  deadLetters(): Promise<number | null>;
  close(): Promise<void>;
}
