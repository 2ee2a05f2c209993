import { DEFAULT_LIMITS, GutsError, type Limits } from '@guts/core';

const NAMES: Readonly<Record<string, Exclude<keyof Limits, 'overrides'>>> = {
  host_streams: 'hostStreams',
  source_streams: 'sourceStreams',
  datastore_streams: 'datastoreStreams',
  project_migrations: 'projectMigrations',
  plan_migrations: 'planMigrations',
};
const OVERRIDE = /^(host|datastore|source|project|plan):.+$/;

function count(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new GutsError('configuration', `${where} must be a whole number; 0 is no limit`);
}

function mapIn(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new GutsError('configuration', `${where} must be a map`);
}

/** The `limits` of the configuration file. @throws GutsError `configuration`, naming what is wrong */
export function readLimits(value: unknown, where: string): Limits {
  if (value === undefined || value === null) return DEFAULT_LIMITS;
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...DEFAULT_LIMITS };
  for (const [name, given] of Object.entries(mapIn(value, `${where}: 'limits'`))) {
    if (name === 'overrides') {
      const overrides = Object.entries(mapIn(given, `${where}: 'limits.overrides'`));
      for (const [key] of overrides)
        if (!OVERRIDE.test(key))
          throw new GutsError('configuration', `${where}: '${key}' names no resource`, {
            remedy:
              'Use host:<source id>:<ref>, datastore:<source id>:<ref>, source:<id>, project:<destination id>:<project> or plan:<id>.',
          });
      limits.overrides = Object.fromEntries(
        overrides.map(([key, one]) => [key, count(one, `${where}: 'limits.overrides.${key}'`)]),
      );
      continue;
    }
    const key = NAMES[name];
    if (!key)
      throw new GutsError('configuration', `${where}: unknown limit '${name}'`, {
        remedy: `Known limits: ${Object.keys(NAMES).join(', ')}, overrides.`,
      });
    limits[key] = count(given, `${where}: 'limits.${name}'`);
  }
  return limits;
}
