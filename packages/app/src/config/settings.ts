import type { Limits } from '@guts/core';
import type { Group, Setting } from './setting.ts';
import { api } from './settings/api.ts';
import { backends } from './settings/backends.ts';
import { callers } from './settings/callers.ts';
import { host } from './settings/host.ts';
import { notifications } from './settings/notifications.ts';
import { times, worker } from './settings/work.ts';

/** Every setting, by the name it has in our code. */
export const SETTINGS = { ...host, ...backends, ...notifications, ...api, ...callers, ...worker, ...times };

/** In the order of the reference. */
export const GROUPS: readonly Group[] = [
  { title: 'Host', settings: host },
  { title: 'Database and messages', settings: backends },
  { title: 'Notifications', settings: notifications },
  { title: 'guts-api', settings: api },
  { title: 'Callers of guts-api', settings: callers },
  { title: 'Workers', settings: worker },
  { title: 'Times', settings: times },
];

/** Settings as a list, in the order of the reference; `key` is the name in our code. */
export const LISTED: readonly { readonly key: string; readonly setting: Setting<unknown> }[] = GROUPS.flatMap(
  ({ settings }) => Object.entries(settings).map(([key, setting]) => ({ key, setting })),
);

/** The one setting whose value is a map; only the file can have it. */
export const LIMITS = 'limits';

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** What the daemons run by: one YAML file, environment variables (`GUTS_…`) over it, defaults under both. */
export type Config = { readonly [K in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[K]> } & {
  /** How much may happen at once; a map under `limits`. */
  readonly limits: Limits;
};
