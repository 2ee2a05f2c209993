import type { NewMigration } from '@guts/contract';
import { DEFAULT_POLICIES, GutsError, type Mapping, type MigrationSpec, type Policies } from '@guts/core';

/** A mapping as it is stored. */
export function mappingFromWire(given: NewMigration['mapping'] = {}): Mapping {
  const disks = Object.entries(given.disks ?? {}).map(([key, disk]) => [
    key,
    {
      ...(disk.volume_type === undefined ? {} : { volumeType: disk.volume_type }),
      ...(disk.skip === undefined ? {} : { skip: disk.skip }),
    },
  ]);
  return {
    networks: given.networks ?? {},
    datastores: given.datastores ?? {},
    nics: given.nics ?? {},
    disks: Object.fromEntries(disks) as Mapping['disks'],
  };
}

function policies(given: NewMigration['policies'] = {}): Policies {
  return {
    power: given.power ?? DEFAULT_POLICIES.power,
    shutdownSeconds: given.shutdown_seconds ?? DEFAULT_POLICIES.shutdownSeconds,
    onFailure: given.on_failure ?? DEFAULT_POLICIES.onFailure,
    verifyData: given.verify_data ?? DEFAULT_POLICIES.verifyData,
    verifyBoot: given.verify_boot ?? DEFAULT_POLICIES.verifyBoot,
    bootSeconds: given.boot_seconds ?? DEFAULT_POLICIES.bootSeconds,
    bootPattern: given.boot_pattern ?? DEFAULT_POLICIES.bootPattern,
    commit: given.commit ?? DEFAULT_POLICIES.commit,
  };
}

const NOTHING: Mapping = { networks: {}, datastores: {}, nics: {}, disks: {} };

/** Entry by entry, what is said of this migration wins. */
function over(stored: Mapping, own: Mapping): Mapping {
  return {
    networks: { ...stored.networks, ...own.networks },
    datastores: { ...stored.datastores, ...own.datastores },
    nics: { ...stored.nics, ...own.nics },
    disks: { ...stored.disks, ...own.disks },
  };
}

/**
 * What a person asked for, completed with the defaults.
 * @param stored the mapping that `named_mapping` names
 */
export function specFromWire(body: NewMigration, stored: Mapping | null = null): MigrationSpec {
  if (body.named_mapping !== undefined && stored === null)
    throw new GutsError('unsupported', 'stored mappings are known to guts-api only', {
      field: 'body.named_mapping',
      remedy: 'Give the mapping itself.',
    });
  return {
    transport: body.transport ?? 'auto',
    bootFrom: body.boot_from ?? 'image',
    keepMac: body.keep_mac ?? true,
    keepIp: body.keep_ip ?? false,
    mapping: over(stored ?? NOTHING, mappingFromWire(body.mapping)),
    flavor: body.flavor ?? null,
    targetName: body.target_name ?? null,
    availabilityZone: body.availability_zone ?? null,
    securityGroups: body.security_groups ?? [],
    properties: body.properties ?? {},
    policies: policies(body.policies),
  };
}
