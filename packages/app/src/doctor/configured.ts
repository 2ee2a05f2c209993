import { setTimeout as sleep } from 'node:timers/promises';
import { SILENT_LOG } from '@guts/core';
import type { Config } from '../config.ts';
import { maskAddress } from '../config/mask.ts';
import { openDatabase, openMessageBus } from '../wiring/backends.ts';
import { keystoneTokens } from '../wiring/keystone-tokens.ts';
import { database, queue } from './backends.ts';
import type { Check } from './check.ts';
import { keystone } from './keystone.ts';

/** Of the database that a configuration names. @param schema `later`: that it has none yet is as it should be */
export function configuredDatabase(config: Config, schema: 'now' | 'later' = 'now'): Check {
  return database(maskAddress(config.databaseUrl), () => openDatabase(config), schema);
}

/** Of the broker that a configuration names. */
export function configuredQueue(config: Config): Check {
  return queue(
    maskAddress(config.busUrl),
    () => openMessageBus(config, SILENT_LOG),
    (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
  );
}

/** Of the Keystone that a configuration with `auth: keystone` names. */
export function configuredKeystone(config: Config, env: NodeJS.ProcessEnv): Check {
  return keystone(async () => {
    const tokens = keystoneTokens(config, env, SILENT_LOG);
    try {
      return await tokens.serviceUser();
    } finally {
      await tokens.close();
    }
  });
}
