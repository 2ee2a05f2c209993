import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openBus, OutboxRelay } from '@guts/bus';
import { type Bus, GutsError, type Log, messageOf, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import type { Watch } from '@guts/worker';
import type { Config } from '../config.ts';
import { systemClock } from './clock.ts';

/** The database, the bus, and what carries messages from one to the other. */
export interface Backends {
  readonly store: Store;
  readonly bus: Bus;
  readonly relay: OutboxRelay;
  close(): Promise<void>;
}

/** A file's first line. @throws GutsError `configuration` */
export function readPassword(file: string | null, setting: string): string | undefined {
  if (file === null) return undefined;
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw new GutsError('configuration', `${setting} ${file}: ${messageOf(error)}`, { cause: error });
  }
}

export function openDatabase(config: Config): Promise<Store> {
  const password = readPassword(config.databasePasswordFile, 'database_password_file');
  return openStore({ url: config.databaseUrl, ...(password === undefined ? {} : { password }) });
}

export function openMessageBus(config: Config, log: Log): Promise<Bus> {
  const password = readPassword(config.busPasswordFile, 'bus_password_file');
  return openBus({
    url: config.busUrl,
    log,
    clock: systemClock,
    ...(password === undefined ? {} : { password }),
    ...(config.busCaFile === null ? {} : { tls: { caFile: config.busCaFile } }),
  });
}

/** A file of our own is brought up to date; a database that other daemons share is the operator's to upgrade. */
async function prepare(store: Store, config: Config): Promise<void> {
  if (config.databaseUrl.startsWith('sqlite:')) {
    await store.upgrade();
    return;
  }
  await requireSchema(store);
}

/** @throws GutsError `configuration` unless the schema is the one that this version needs */
export async function requireSchema(store: Store): Promise<void> {
  const { current, pending } = await store.check();
  if (!current)
    throw new GutsError('configuration', `the database's schema lacks ${pending.join(', ')}`, {
      field: 'database_url',
      remedy: 'Run guts db upgrade once, before the daemons of this version start.',
    });
}

/** @param watch points for tests around the store; see faults/points.ts */
export async function openBackends(config: Config, log: Log, watch?: Watch): Promise<Backends> {
  const opened = await openDatabase(config);
  try {
    await prepare(opened, config);
    const store = watch ? watch('store', opened) : opened;
    const bus = await openMessageBus(config, log);
    const relay = new OutboxRelay({
      store: opened,
      bus,
      clock: systemClock,
      log,
      owner: `relay-${process.pid}-${randomUUID()}`,
      pollMilliseconds: Math.min(config.pollMilliseconds, 1000),
    });
    relay.start();
    const close = async (): Promise<void> => {
      await relay.stop();
      await bus.close();
      await opened.close();
    };
    return { store, bus, relay, close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
