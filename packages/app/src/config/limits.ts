import { DEFAULT_LIMITS, type Limits } from '@guts/core';
import { didYouMean } from './nearest.ts';

interface Limit {
  readonly key: Exclude<keyof Limits, 'overrides'>;
  readonly name: string;
  readonly means: string;
}

/** What may be under `limits`, beside `overrides`. */
export const LIMIT_NAMES: readonly Limit[] = [
  { key: 'hostStreams', name: 'host_streams', means: 'disks read at once from one ESXi host' },
  { key: 'sourceStreams', name: 'source_streams', means: 'disks read at once over one source' },
  { key: 'datastoreStreams', name: 'datastore_streams', means: 'disks read at once from one datastore' },
  {
    key: 'projectMigrations',
    name: 'project_migrations',
    means: 'migrations at once into one project of a destination',
  },
  { key: 'planMigrations', name: 'plan_migrations', means: 'migrations at once of one plan' },
];
const OVERRIDE = /^(host|datastore|source|project|plan):.+$/;

/** Told of each thing that is wrong. @param path keys from `limits` on */
type Report = (path: readonly string[], message: string, remedy?: string) => void;

/** The `limits` of the configuration file. What is wrong is reported and left out. */
export function readLimits(value: unknown, report: Report): Limits {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...DEFAULT_LIMITS };
  const count = (given: unknown, path: readonly string[]): number | null => {
    if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given;
    report(path, `'${['limits', ...path].join('.')}' must be a whole number; 0 is no limit`);
    return null;
  };
  const entries = (given: unknown, path: readonly string[]): [string, unknown][] => {
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return Object.entries(given);
    report(path, `'${['limits', ...path].join('.')}' must be a map`);
    return [];
  };
  if (value === undefined || value === null) return limits;
  for (const [name, given] of entries(value, [])) {
    if (name === 'overrides') {
      const overrides: Record<string, number> = {};
      for (const [key, one] of entries(given, [name])) {
        const path = [name, key];
        if (!OVERRIDE.test(key)) {
          report(
            path,
            `'${key}' names no resource`,
            'Use host:<source id>:<ref>, datastore:<source id>:<ref>, source:<id>, project:<destination id>:<project> or plan:<id>.',
          );
          continue;
        }
        const number = count(one, path);
        if (number !== null) overrides[key] = number;
      }
      limits.overrides = overrides;
      continue;
    }
    const known = LIMIT_NAMES.find((one) => one.name === name);
    if (!known) {
      const names = [...LIMIT_NAMES.map((one) => one.name), 'overrides'];
      report(
        [name],
        `unknown limit '${name}'${didYouMean(name, names)}`,
        `Known limits: ${names.join(', ')}.`,
      );
      continue;
    }
    const number = count(given, [name]);
    if (number !== null) limits[known.key] = number;
  }
  return limits;
}
