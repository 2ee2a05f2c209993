import type { Instance, InstanceDisk } from '../inventory.ts';
import type { MigrationSpec } from '../migration.ts';
import type { DestinationFacts } from '../ports/destination-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import type { TargetDisk } from './target.ts';

export const GIB = 2 ** 30;

function volumeType(disk: InstanceDisk, spec: MigrationSpec): string | null {
  const { datastores, disks } = spec.mapping;
  return (
    disks[disk.key]?.volumeType ??
    (disk.datastoreRef === null ? undefined : datastores[disk.datastoreRef]) ??
    (disk.datastoreName === null ? undefined : datastores[disk.datastoreName]) ??
    datastores['*'] ??
    null
  );
}

function obstacles(disk: InstanceDisk): Finding[] {
  const subject = `disk:${disk.key}`;
  if (disk.capacityBytes <= 0) {
    return [
      {
        severity: 'blocker',
        code: 'disk.empty',
        subject,
        message: `${disk.label} has a capacity of 0 bytes`,
        remedy: 'Remove the disk from the instance, or leave it out with --skip-disk.',
      },
    ];
  }
  return disk.obstacles.map((obstacle) => ({
    severity: 'blocker',
    code: 'disk.unreadable',
    subject,
    message: `${disk.label} cannot be copied: ${obstacle}`,
    remedy: 'Change the disk at the source, or leave it out with --skip-disk.',
  }));
}

/** Every disk's place at the destination, the boot disk first. */
export function planDisks(
  instance: Instance,
  spec: MigrationSpec,
  facts: DestinationFacts,
): { disks: TargetDisk[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const disks: TargetDisk[] = [];
  const bootKey = instance.bootDiskKey ?? instance.disks[0]?.key ?? null;
  for (const disk of instance.disks) {
    const boot = disk.key === bootKey;
    const subject = `disk:${disk.key}`;
    if (spec.mapping.disks[disk.key]?.skip === true) {
      findings.push({
        severity: boot ? 'blocker' : 'information',
        code: 'disk.skipped',
        subject,
        message: boot
          ? `${disk.label} is the boot disk and cannot be left out`
          : `${disk.label} is left out, as asked`,
      });
      continue;
    }
    findings.push(...obstacles(disk));
    const type = volumeType(disk, spec);
    const target = boot && spec.bootFrom === 'image' ? 'image' : 'volume';
    if (target === 'volume' && type !== null && !facts.volumeTypes.includes(type)) {
      findings.push({
        severity: 'blocker',
        code: 'volume_type.unknown',
        subject,
        message: `the destination has no volume type '${type}' (for ${disk.label})`,
        remedy: `Map the datastore to one of: ${facts.volumeTypes.join(', ') || '(there are none)'}.`,
      });
    }
    disks.push({
      key: disk.key,
      objectId: disk.objectId,
      label: disk.label,
      capacityBytes: disk.capacityBytes,
      sizeGiB: Math.max(1, Math.ceil(disk.capacityBytes / GIB)),
      boot,
      target,
      volumeType: type,
      fill: facts.volumeTransports.includes('device') ? 'device' : 'image',
    });
  }
  if (instance.disks.length === 0) {
    findings.push({
      severity: 'blocker',
      code: 'disk.none',
      subject: 'instance',
      message: 'the instance has no disk: there is nothing to boot',
    });
  }
  return { disks: [...disks.filter((disk) => disk.boot), ...disks.filter((disk) => !disk.boot)], findings };
}
