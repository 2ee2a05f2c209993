import { nicKey } from '../../plan/mapping-keys.ts';
import type { InstanceRule, Told } from '../rule.ts';

const known = (names: readonly string[]): string =>
  `Name one of: ${names.join(', ') || '(it has none)'}; or take it out of the mapping.`;

const nicUnknown: InstanceRule = {
  id: 'mapping.nic_unknown',
  title: 'The mapping names a NIC that is not there',
  severities: ['blocker'],
  explanation:
    'What the mapping says of one NIC is meant for this instance: a slip would move what was to be left out.',
  remedy: 'Name a NIC of the instance by its device key or MAC address, or take it out of the mapping.',
  needs: 'instance',
  check: ({ instance, spec }) => {
    const names = new Set(instance.nics.flatMap((nic) => [nic.key, nicKey(nic.mac)]));
    return Object.keys(spec.mapping.nics)
      .filter((key) => !names.has(nicKey(key)))
      .map((key) => ({
        message: `the mapping names NIC '${key}', which the instance does not have`,
        remedy: known(instance.nics.map((nic) => `${nic.key} or ${nic.mac} (${nic.label})`)),
      }));
  },
};

const diskUnknown: InstanceRule = {
  id: 'mapping.disk_unknown',
  title: 'The mapping names a disk that is not there',
  severities: ['blocker'],
  explanation:
    'What the mapping says of one disk is meant for this instance: a slip would move what was to be left out.',
  remedy: 'Name a disk of the instance by its device key, or take it out of the mapping.',
  needs: 'instance',
  check: ({ instance, spec }) => {
    const names = new Set(instance.disks.map((disk) => disk.key));
    return Object.keys(spec.mapping.disks)
      .filter((key) => !names.has(key))
      .map((key) => ({
        message: `the mapping names disk '${key}', which the instance does not have`,
        remedy: known(instance.disks.map((disk) => `${disk.key} (${disk.label})`)),
      }));
  },
};

/** Of what is not used; maps that many instances share are long. */
const NAMED = 5;
function idle(
  what: string,
  where: string,
  keys: readonly string[],
  names: readonly (string | null)[],
): Told[] {
  const unused = keys.filter((key) => key !== '*' && !names.includes(key));
  if (unused.length === 0) return [];
  const more = unused.length > NAMED ? ` and ${unused.length - NAMED} more` : '';
  const quoted = `${unused
    .slice(0, NAMED)
    .map((name) => `'${name}'`)
    .join(', ')}${more}`;
  return [{ message: `the mapping of ${what} ${quoted} is not used: nothing of the instance ${where}` }];
}
const unused: InstanceRule = {
  id: 'mapping.unused',
  title: 'A part of the mapping is not used',
  severities: ['information'],
  explanation:
    'Maps of networks and datastores are shared by many instances: what is of no use here may be a slip, or meant for others.',
  remedy: 'See whether the name is spelt as the source has it.',
  needs: 'instance',
  check: ({ instance: { nics, disks }, spec: { mapping } }) => [
    ...idle(
      'networks',
      'is on them',
      Object.keys(mapping.networks),
      nics.flatMap((nic) => [nic.networkRef, nic.networkName]),
    ),
    ...idle(
      'datastores',
      'lies on them',
      Object.keys(mapping.datastores),
      disks.flatMap((disk) => [disk.datastoreRef, disk.datastoreName]),
    ),
  ],
};

export const mappingRules = [nicUnknown, diskUnknown, unused] as const;
