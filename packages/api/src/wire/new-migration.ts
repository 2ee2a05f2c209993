import type { NewMigration } from '@guts/contract';
import { DEFAULT_POLICIES, type Mapping, type MigrationSpec, type Policies } from '@guts/core';

function mapping(given: NewMigration['mapping'] = {}): Mapping {
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

/** What a person asked for, completed with the defaults. */
export function specFromWire(body: NewMigration): MigrationSpec {
  return {
    transport: body.transport ?? 'auto',
    bootFrom: body.boot_from ?? 'image',
    keepMac: body.keep_mac ?? true,
    keepIp: body.keep_ip ?? false,
    mapping: mapping(body.mapping),
    flavor: body.flavor ?? null,
    targetName: body.target_name ?? null,
    availabilityZone: body.availability_zone ?? null,
    securityGroups: body.security_groups ?? [],
    properties: body.properties ?? {},
    policies: policies(body.policies),
  };
}
