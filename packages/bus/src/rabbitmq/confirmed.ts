import { type Clock, GutsError } from '@guts/core';
import type { ConfirmChannel, Options } from 'amqplib';

const CONFIRM_MS = 10_000;

export interface Outgoing {
  readonly exchange: string;
  readonly key: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/** Resolves once the broker has it. @throws GutsError `bus_unavailable` */
export async function publishConfirmed(
  publisher: ConfirmChannel,
  clock: Clock,
  { exchange, key, content, options }: Outgoing,
): Promise<void> {
  const confirmed = new Promise<void>((resolve, reject) => {
    publisher.publish(exchange, key, content, options, (error: unknown) => {
      if (error === null || error === undefined) resolve();
      else reject(new GutsError('bus_unavailable', 'the broker did not confirm a message', { cause: error }));
    });
  });
  const done = new AbortController();
  const late = clock.sleep(CONFIRM_MS, done.signal).then(
    () => {
      throw new GutsError('bus_unavailable', `no confirmation within ${CONFIRM_MS / 1000} seconds`);
    },
    () => undefined,
  );
  try {
    await Promise.race([confirmed, late]);
  } finally {
    done.abort();
  }
}
