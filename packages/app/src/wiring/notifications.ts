import { randomUUID } from 'node:crypto';
import { Notifier, openNotifications } from '@guts/bus';
import type { Log, Store } from '@guts/core';
import type { Config } from '../config.ts';
import { readPassword } from './backends.ts';
import { systemClock } from './clock.ts';

interface Parts {
  readonly config: Config;
  readonly backends: { readonly store: Store };
  readonly log: Log;
}

/** Sends notifications while it runs. Null: none are wanted. @throws GutsError `configuration` */
export async function startNotifier({
  config,
  backends,
  log,
}: Parts): Promise<{ stop(): Promise<void> } | null> {
  const { notificationsUrl: url, notificationsCaFile: caFile } = config;
  if (url === null) return null;
  const password = readPassword(config.notificationsPasswordFile, 'notifications_password_file');
  const publisher = await openNotifications({
    url,
    ...(password === undefined ? {} : { password }),
    ...(caFile === null ? {} : { tls: { caFile } }),
    exchange: config.notificationsExchange,
    topic: config.notificationsTopic,
    durable: config.notificationsDurable,
    host: config.host,
    clock: systemClock,
    log: log.child({ part: 'notifications' }),
  });
  const notifier = new Notifier({
    store: backends.store,
    publisher,
    clock: systemClock,
    log,
    owner: `notifier-${process.pid}-${randomUUID()}`,
    pollMilliseconds: Math.min(config.pollMilliseconds, 1000),
  });
  notifier.start();
  return {
    async stop() {
      await notifier.stop();
      await publisher.close();
    },
  };
}
