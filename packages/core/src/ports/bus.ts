/** Messages are hints: a lost or doubled one changes nothing but latency. */
export type Topic =
  'migration.queued' | 'migration.scheduled' | 'migration.action' | 'operation.queued' | 'event';

export interface BusMessage {
  readonly topic: Topic;
  /** The id of the row it is about. */
  readonly id: string;
}

export interface Bus {
  publish(message: BusMessage): Promise<void>;
  /** Returns how to stop listening. The handler must not throw. */
  subscribe(topics: readonly Topic[], handler: (message: BusMessage) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
