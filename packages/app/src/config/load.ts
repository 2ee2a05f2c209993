import { readEffective } from './effective.ts';
import { refuse } from './fault.ts';
import type { Config } from './settings.ts';

/**
 * Reads the configuration.
 * @param file path given on the command line; null: `GUTS_CONFIG`, or none
 * @throws GutsError `configuration`, naming the file with its line or the variable, and the setting: all that are wrong
 */
export function loadConfig(file: string | null, env: NodeJS.ProcessEnv): Config {
  const { values, limits, faults } = readEffective(file, env);
  refuse(faults);
  // The table of settings has made every value by its own kind.
  return { ...Object.fromEntries(values), limits } as Config;
}
