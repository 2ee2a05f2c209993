import { GutsError } from '@guts/core';
import { loadConfig } from '../config.ts';
import { openDatabase } from '../wiring/backends.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';

/** As people may see it. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z0-9+]+:\/\/[^:@/]*):[^@/]*@/i, '$1@');
}

/** `guts db upgrade|check`. */
export async function runDb(
  command: 'upgrade' | 'check',
  configFile: string | null,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const config = loadConfig(configFile, env);
  prepareStateDir(config.stateDir);
  const store = await openDatabase(config);
  const name = withoutPassword(config.databaseUrl);
  try {
    if (command === 'upgrade') {
      const { applied } = await store.upgrade();
      const what = applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`;
      process.stdout.write(`${name}: ${what}\n`);
      return;
    }
    const { current, pending, ahead } = await store.check();
    if (!current)
      throw new GutsError('configuration', `the schema lacks ${pending.join(', ')}`, {
        remedy: 'Run guts db upgrade.',
      });
    const newer = ahead.length === 0 ? '' : `; a newer version added ${ahead.join(', ')}`;
    process.stdout.write(`${name}: the schema is current${newer}\n`);
  } finally {
    await store.close();
  }
}
