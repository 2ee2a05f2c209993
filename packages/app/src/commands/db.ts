import { GutsError } from '@guts/core';
import { loadConfig } from '../config.ts';
import { maskAddress } from '../config/mask.ts';
import { openDatabase } from '../wiring/backends.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';

/** `guts db upgrade|check`. @throws GutsError `configuration` when the schema is not current */
export async function runDb(
  command: 'upgrade' | 'check',
  configFile: string | null,
  env: NodeJS.ProcessEnv,
  { json, out }: { readonly json: boolean; readonly out: { write(text: string): unknown } },
): Promise<void> {
  const config = loadConfig(configFile, env);
  prepareStateDir(config.stateDir);
  const store = await openDatabase(config);
  const name = maskAddress(config.databaseUrl);
  const tell = (facts: object, text: string): void => {
    out.write(`${json ? JSON.stringify({ database: name, ...facts }) : `${name}: ${text}`}\n`);
  };
  try {
    if (command === 'upgrade') {
      const { applied } = await store.upgrade();
      return tell({ applied }, applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`);
    }
    const { current, pending, ahead } = await store.check();
    if (!current)
      throw new GutsError('configuration', `the schema lacks ${pending.join(', ')}`, {
        remedy: 'Run guts db upgrade.',
        details: { database: name, pending, ahead },
      });
    const newer = ahead.length === 0 ? '' : `; a newer version added ${ahead.join(', ')}`;
    tell({ current, pending, ahead }, `the schema is current${newer}`);
  } finally {
    await store.close();
  }
}
