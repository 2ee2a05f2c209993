import { accessSync, constants, statSync } from 'node:fs';
import { messageOf } from '@guts/core';
import type { Effective } from './effective.ts';
import type { Fault } from './fault.ts';
import { LISTED } from './settings.ts';

const DATABASES = /^(sqlite:\/\/\/|sqlite::memory:$|(postgresql|postgres|mysql|mariadb):\/\/[^/]*\/.)/;
const NOTIFIED = /^amqps?:\/\/./;
const BROKERS = /^(local:$|amqps?:\/\/.)/;

/** What can be seen of the values without opening a connection: each thing that is wrong. */
export function checkValues({ values, origins }: Effective): Fault[] {
  const faults: Fault[] = [];
  const fault = (name: string, message: string, remedy?: string): void => {
    const where = origins.get(name)?.where ?? 'default';
    faults.push({ where, setting: name, message, ...(remedy === undefined ? {} : { remedy }) });
  };
  const address = (key: string, name: string, good: RegExp, forms: string): void => {
    const value = values.get(key);
    if (typeof value === 'string' && !good.test(value))
      fault(name, `'${name}' is no address of a kind that guts knows`, `Use ${forms}.`);
  };
  address(
    'databaseUrl',
    'database_url',
    DATABASES,
    'sqlite:///absolute/path, postgresql://user@host/database or mariadb://user@host/database',
  );
  address('busUrl', 'bus_url', BROKERS, 'local:, amqp://user@host/vhost or amqps://user@host/vhost');
  address(
    'notificationsUrl',
    'notifications_url',
    NOTIFIED,
    'amqp://user@host/vhost or amqps://user@host/vhost',
  );
  if (values.get('auth') === 'keystone' && values.get('keystoneCloud') === null)
    fault(
      'keystone_cloud',
      "'auth' is keystone, but 'keystone_cloud' is not set",
      'Name the entry of clouds.yaml by which the service user of guts-api logs in.',
    );
  for (const { key, setting } of LISTED) {
    const path = values.get(key);
    if (!setting.mustExist || typeof path !== 'string') continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      fault(setting.name, `'${setting.name}': ${messageOf(error)}`);
    }
  }
  return faults;
}

/** Files with secrets that others than their owner and group can read: a line for each. */
export function openFiles({ values }: Effective): string[] {
  return LISTED.flatMap(({ key, setting }) => {
    const path = values.get(key);
    if (setting.secret !== 'file' || typeof path !== 'string') return [];
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o007) === 0) return [];
    return [`${setting.name} ${path} is open to every user of this host: chmod 0600 it`];
  });
}
