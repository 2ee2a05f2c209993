import { GutsError } from '@guts/core';
import { openStore } from '@guts/store';
import { loadConfig } from '../config.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';

/** `guts db upgrade|check`. */
export async function runDb(
  command: 'upgrade' | 'check',
  configFile: string | null,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const config = loadConfig(configFile, env);
  prepareStateDir(config.stateDir);
  const store = await openStore({ url: config.databaseUrl });
  try {
    if (command === 'upgrade') {
      const { applied } = await store.upgrade();
      const what = applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`;
      process.stdout.write(`${config.databaseUrl}: ${what}\n`);
      return;
    }
    const { current, pending } = await store.check();
    if (!current)
      throw new GutsError('configuration', `the schema lacks ${pending.join(', ')}`, {
        remedy: 'Run guts db upgrade.',
      });
    process.stdout.write(`${config.databaseUrl}: the schema is current\n`);
  } finally {
    await store.close();
  }
}
