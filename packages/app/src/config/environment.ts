import { nearest } from './nearest.ts';
import { variableOf } from './setting.ts';
import { LISTED } from './settings.ts';

/** Variables of `guts` that are no settings. */
export const OTHER_VARIABLES: readonly { readonly name: string; readonly means: string }[] = [
  { name: 'GUTS_CONFIG', means: 'the configuration file, when `--config` does not name it' },
  { name: 'GUTS_API', means: 'of clients: address of guts-api, as `--api`' },
  { name: 'GUTS_ENDPOINT', means: 'of clients: address of guts-api, whatever the catalog says' },
  { name: 'GUTS_TOKEN', means: 'of clients: the local token itself' },
  { name: 'GUTS_SOURCE_PASSWORD', means: 'of `guts migrate`: the password at the source' },
  { name: 'GUTS_DEBUG', means: 'set to anything: `guts` tells where in its code an error came from' },
];

/** They make a daemon fail on purpose. */
export const TEST_VARIABLES: readonly string[] = [
  'GUTS_FAULT_AFTER',
  'GUTS_POINT_AT',
  'GUTS_POINT_NTH',
  'GUTS_POINT_URL',
  'GUTS_POINTS_TRACE',
];

/** What an environment has of `GUTS_…` that is probably not meant so: a line for each. */
export function oddVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [
    ...LISTED.map(({ setting }) => variableOf(setting)),
    ...OTHER_VARIABLES.map(({ name }) => name),
  ];
  return Object.keys(env)
    .filter((name) => /^guts_/i.test(name) && !known.includes(name))
    .toSorted()
    .map((name) => {
      if (TEST_VARIABLES.includes(name))
        return `environment variable ${name} is for tests of GUTS: it makes daemons fail`;
      const meant = nearest(name, known);
      return `environment variable ${name} is none that guts knows${meant === null ? '' : `; did you mean ${meant}?`}`;
    });
}
