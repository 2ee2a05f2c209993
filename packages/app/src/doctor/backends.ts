import type { Bus, Store } from '@guts/core';
import { type Check, failed, ok, warning } from './check.ts';

const WAIT_MS = 10_000;
const STEP_MS = 100;

/**
 * @param where the address without its password
 * @param schema `later`: that it has none yet is as it should be
 */
export function database(
  where: string,
  open: () => Promise<Pick<Store, 'check' | 'close'>>,
  schema: 'now' | 'later' = 'now',
): Check {
  const subject = 'database';
  return {
    subject,
    run: async () => {
      const store = await open();
      try {
        const { current, pending, ahead } = await store.check();
        const lacks = pending.join(', ');
        if (!current && where.startsWith('sqlite:'))
          return [ok(subject, `${where}: opens; a daemon brings its schema up to date (${lacks})`)];
        if (!current && schema === 'later')
          return [ok(subject, `${where}: answers; guts db upgrade brings its schema (${lacks})`)];
        if (!current) return [failed(subject, `${where}: its schema lacks ${lacks}`, 'Run guts db upgrade.')];
        if (ahead.length > 0)
          return [
            warning(
              subject,
              `${where}: a newer version of GUTS added ${ahead.join(', ')}`,
              'Nothing is broken; bring this host to that version, too.',
            ),
          ];
        return [ok(subject, `${where}: answers, the schema is current`)];
      } finally {
        await store.close();
      }
    },
  };
}

/** @param where the address without its password */
export function queue(
  where: string,
  open: () => Promise<Pick<Bus, 'health' | 'close'>>,
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>,
): Check {
  const subject = 'message bus';
  return {
    subject,
    run: async (signal) => {
      if (where === 'local:')
        return [ok(subject, 'local: within one process; other daemons find work by polling')];
      const bus = await open();
      try {
        // It connects by itself.
        for (let waited = 0; waited < WAIT_MS && !bus.health().connected; waited += STEP_MS)
          await sleep(STEP_MS, signal);
        const { connected, detail } = bus.health();
        if (connected) return [ok(subject, `${where}: connected`)];
        return [
          failed(
            subject,
            `${where}: no connection${detail === null ? '' : `: ${detail}`}`,
            'See whether the broker runs, whether this host reaches it, and whether bus_url and bus_password_file are right. Work goes on without, by polling.',
          ),
        ];
      } finally {
        await bus.close();
      }
    },
  };
}
