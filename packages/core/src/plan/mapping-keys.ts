import type { Instance } from '../inventory.ts';
import type { Mapping } from '../migration.ts';
import type { Finding } from '../preflight-finding.ts';

/** A key of `mapping.nics` as it is compared: MAC addresses in lower case, with colons. */
export function nicKey(key: string): string {
  return /^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(key) ? key.toLowerCase().replaceAll('-', ':') : key;
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

function unknown(what: 'NIC' | 'disk', key: string, known: readonly string[]): Finding {
  return {
    severity: 'blocker',
    code: `mapping.${what.toLowerCase()}_unknown`,
    subject: 'instance',
    message: `the mapping names ${what} '${key}', which the instance does not have`,
    remedy: `Name one of: ${known.join(', ') || '(it has none)'}; or take it out of the mapping.`,
  };
}

function unused(
  what: string,
  where: string,
  keys: readonly string[],
  known: readonly (string | null)[],
): Finding[] {
  const idle = keys.filter((key) => key !== '*' && !known.includes(key));
  if (idle.length === 0) return [];
  const message = `the mapping of ${what} ${quoted(idle)} is not used: nothing of the instance ${where}`;
  return [{ severity: 'information', code: 'mapping.unused', subject: 'instance', message }];
}

/**
 * Keys of the mapping that match nothing. Those of NICs and disks are meant for this instance: a slip in one would
 * move what was to be left out. Maps of networks and datastores are shared by many instances.
 */
export function mappingFindings(instance: Instance, mapping: Mapping): Finding[] {
  const { nics, disks } = instance;
  const nicNames = new Set(nics.flatMap((nic) => [nic.key, nicKey(nic.mac)]));
  const diskNames = new Set(disks.map((disk) => disk.key));
  const knownNics = nics.map((nic) => `${nic.key} or ${nic.mac} (${nic.label})`);
  const knownDisks = disks.map((disk) => `${disk.key} (${disk.label})`);
  return [
    ...Object.keys(mapping.nics)
      .filter((key) => !nicNames.has(nicKey(key)))
      .map((key) => unknown('NIC', key, knownNics)),
    ...Object.keys(mapping.disks)
      .filter((key) => !diskNames.has(key))
      .map((key) => unknown('disk', key, knownDisks)),
    ...unused(
      'networks',
      'is on them',
      Object.keys(mapping.networks),
      nics.flatMap((nic) => [nic.networkRef, nic.networkName]),
    ),
    ...unused(
      'datastores',
      'lies on them',
      Object.keys(mapping.datastores),
      disks.flatMap((disk) => [disk.datastoreRef, disk.datastoreName]),
    ),
  ];
}
