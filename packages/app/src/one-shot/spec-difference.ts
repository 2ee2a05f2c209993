import { isDeepStrictEqual } from 'node:util';
import type { Migration } from '@guts/core';

type Asked = Pick<Migration, 'spec' | 'targetProject'>;

/** Each option that the specification of a migration is made of. */
const OPTIONS: Readonly<Record<string, (asked: Asked) => unknown>> = {
  '--name': ({ spec }) => spec.targetName,
  '--target-project': ({ targetProject }) => targetProject,
  '--network': ({ spec }) => spec.mapping.networks,
  '--nic or --skip-nic': ({ spec }) => spec.mapping.nics,
  '--volume-type': ({ spec }) => spec.mapping.datastores,
  '--skip-disk': ({ spec }) => spec.mapping.disks,
  '--flavor': ({ spec }) => spec.flavor,
  '--availability-zone': ({ spec }) => spec.availabilityZone,
  '--security-group': ({ spec }) => spec.securityGroups,
  '--property': ({ spec }) => spec.properties,
  '--transport': ({ spec }) => spec.transport,
  '--boot-from': ({ spec }) => spec.bootFrom,
  '--no-keep-mac': ({ spec }) => !spec.keepMac,
  '--keep-ip': ({ spec }) => spec.keepIp,
  '--power': ({ spec }) => spec.policies.power,
  '--shutdown-seconds': ({ spec }) => spec.policies.shutdownSeconds,
  '--on-failure': ({ spec }) => spec.policies.onFailure,
  '--verify-data': ({ spec }) => spec.policies.verifyData,
  '--verify-boot': ({ spec }) => spec.policies.verifyBoot,
  '--boot-pattern': ({ spec }) => spec.policies.bootPattern,
  '--boot-seconds': ({ spec }) => spec.policies.bootSeconds,
};

const shown = (value: unknown): string => (value === null ? 'none' : JSON.stringify(value));

/** In which options two migrations differ, for people: `--flavor (then "m1", now none)`. */
export function specDifferences(then: Asked, now: Asked): string[] {
  return Object.entries(OPTIONS)
    .filter(([, read]) => !isDeepStrictEqual(read(then), read(now)))
    .map(([option, read]) => `${option} (then ${shown(read(then))}, now ${shown(read(now))})`);
}
