import type { Effective, Origin } from './effective.ts';
import { LIMIT_NAMES } from './limits.ts';
import { maskAddress } from './mask.ts';
import { LIMITS, LISTED } from './settings.ts';

/** A setting as it is, for people. */
export interface Shown {
  readonly name: string;
  /** Null: none. What may be a secret is masked. */
  readonly value: string | number | boolean | null;
  readonly from: Origin['from'];
  readonly where: string;
}

export function shownSettings({ values, limits, origins }: Effective): Shown[] {
  const originOf = (name: string): Origin => origins.get(name) ?? { from: 'default', where: 'default' };
  const settings = LISTED.map(({ key, setting }): Shown => {
    const value = values.get(key);
    const written = value === null || value === undefined ? null : setting.kind.write(value);
    return {
      name: setting.name,
      value: setting.secret === 'password' && typeof written === 'string' ? maskAddress(written) : written,
      ...originOf(setting.name),
    };
  });
  const origin = originOf(LIMITS);
  const bounds = [
    ...LIMIT_NAMES.map(({ key, name }): [string, number] => [name, limits[key]]),
    ...Object.entries(limits.overrides).map(([key, value]): [string, number] => [`overrides.${key}`, value]),
  ];
  return [...settings, ...bounds.map(([name, value]) => ({ name: `${LIMITS}.${name}`, value, ...origin }))];
}
