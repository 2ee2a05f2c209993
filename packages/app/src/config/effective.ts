import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, type Limits } from '@guts/core';
import type { Fault } from './fault.ts';
import { readConfigFile } from './file.ts';
import { readLimits } from './limits.ts';
import { didYouMean } from './nearest.ts';
import { variableOf } from './setting.ts';
import { LIMITS, LISTED } from './settings.ts';

/** Where a value comes from. */
export interface Origin {
  readonly from: 'default' | 'file' | 'environment';
  /** `configuration file FILE:LINE`, `environment variable NAME`; `default`. */
  readonly where: string;
}

/** Everything as it is set, with where it comes from and what is wrong with it. */
export interface Effective {
  /** By the name in our code; without `limits`. What is faulty has its default. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly limits: Limits;
  /** By the name in the file; `limits` too. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly faults: readonly Fault[];
  /** Null: there is no file. */
  readonly file: string | null;
}

const DEFAULT: Origin = { from: 'default', where: 'default' };

/**
 * Reads the configuration.
 * @param given path on the command line; null: `GUTS_CONFIG`, or no file
 */
export function readEffective(given: string | null, env: NodeJS.ProcessEnv): Effective {
  const path = given ?? (env['GUTS_CONFIG'] || null);
  const faults: Fault[] = [];
  const origins = new Map<string, Origin>();
  const set = new Map<string, unknown>();
  let limits = DEFAULT_LIMITS;
  if (path !== null) {
    const { content, where } = readConfigFile(path, (fault) => faults.push(fault));
    const known = [...LISTED.map(({ setting }) => setting.name), LIMITS];
    for (const [name, value] of Object.entries(content)) {
      const at = where(name);
      if (name === LIMITS) {
        origins.set(LIMITS, { from: 'file', where: at });
        limits = readLimits(value, (keys, message, remedy) =>
          faults.push({
            where: where(LIMITS, ...keys),
            setting: [LIMITS, ...keys].join('.'),
            message,
            ...(remedy === undefined ? {} : { remedy }),
          }),
        );
        continue;
      }
      const found = LISTED.find(({ setting }) => setting.name === name);
      if (!found) {
        faults.push({
          where: at,
          setting: name,
          message: `unknown setting '${name}'${didYouMean(name, known)}`,
          remedy: 'guts config reference shows every setting.',
        });
        continue;
      }
      const read = found.setting.kind.read(value);
      if (read === null)
        faults.push({ where: at, setting: name, message: `'${name}' must be ${found.setting.kind.must}` });
      else {
        set.set(found.key, read);
        origins.set(name, { from: 'file', where: at });
      }
    }
  }
  for (const { key, setting } of LISTED) {
    const variable = variableOf(setting);
    const value = env[variable];
    if (value === undefined || value === '') continue;
    const where = `environment variable ${variable}`;
    const read = setting.kind.read(value);
    if (read === null)
      faults.push({
        where,
        setting: setting.name,
        message: `'${setting.name}' must be ${setting.kind.must}`,
      });
    else {
      set.set(key, read);
      origins.set(setting.name, { from: 'environment', where });
    }
  }
  const stateHome = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state');
  const chosen = set.get('stateDir');
  const stateDir = typeof chosen === 'string' ? chosen : join(stateHome, 'guts');
  const around = { stateDir, hostName: hostname() };
  const values = new Map(
    LISTED.map(({ key, setting }) => [key, set.has(key) ? set.get(key) : setting.initial(around)]),
  );
  for (const name of [...LISTED.map(({ setting }) => setting.name), LIMITS])
    if (!origins.has(name)) origins.set(name, DEFAULT);
  return { values, limits, origins, faults, file: path };
}
