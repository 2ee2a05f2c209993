import type { InstanceDisk } from '../../inventory.ts';
import type { DestinationRule, InstanceRule, Told } from '../rule.ts';
import { untold, when } from '../rule.ts';

const about = ({ key }: Pick<InstanceDisk, 'key'>): string => `disk:${key}`;
const each = (disks: readonly InstanceDisk[], told: (disk: InstanceDisk) => readonly Told[]): Told[] =>
  disks.flatMap((disk) => told(disk).map((one) => ({ subject: about(disk), ...one })));

const none: InstanceRule = {
  id: 'disk.none',
  title: 'The instance has no disk',
  severities: ['blocker'],
  explanation: 'There is nothing to copy and nothing to boot; it may boot from the network.',
  remedy: 'Give it a disk, or make the server at the destination without a migration.',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.disks.length === 0, () => ({
      message: 'the instance has no disk: there is nothing to boot',
    })),
};

const skipped: InstanceRule = {
  id: 'disk.skipped',
  title: 'A disk is left out',
  severities: ['information', 'blocker'],
  explanation: 'The disk is not copied, as the mapping says. The boot disk cannot be left out.',
  remedy: 'Take it out of the mapping (--skip-disk) to have it moved.',
  needs: 'instance',
  check: ({ mappedDisks }) =>
    mappedDisks
      .filter((one) => one.skipped)
      .map(({ disk, boot }) => ({
        subject: about(disk),
        severity: boot ? 'blocker' : 'information',
        message: boot
          ? `${disk.label} is the boot disk and cannot be left out`
          : `${disk.label} is left out, as asked`,
      })),
};

const empty: InstanceRule = {
  id: 'disk.empty',
  title: 'A disk of 0 bytes',
  severities: ['blocker'],
  explanation:
    'A disk without capacity is a fault of the inventory or of the machine; no volume has that size.',
  remedy: 'Remove the disk from the instance, or leave it out with --skip-disk.',
  needs: 'instance',
  check: ({ disks }) =>
    each(disks, (disk) =>
      when(!(disk.capacityBytes > 0), () => ({ message: `${disk.label} has a capacity of 0 bytes` })),
    ),
};

const unreadable: InstanceRule = {
  id: 'disk.unreadable',
  title: 'A disk cannot be copied',
  severities: ['blocker'],
  explanation:
    'Raw device mappings, disks shared for several writers, encrypted disks and nonpersistent ones are given out by no transport, or change while they are read.',
  remedy: 'Change the disk at the source, or leave it out with --skip-disk.',
  needs: 'instance',
  check: ({ disks }) =>
    each(disks, (disk) =>
      // One of 0 bytes says that first.
      disk.capacityBytes > 0
        ? disk.obstacles.map((obstacle) => ({ message: `${disk.label} cannot be copied: ${obstacle}` }))
        : [],
    ),
};

const sharedBus: InstanceRule = {
  id: 'disk.shared_bus',
  title: 'A disk on a shared SCSI bus',
  severities: ['blocker'],
  explanation:
    'The controller of the disk is shared with other machines (bus sharing), as clusters have it. Another machine may write the disk while it is read, and would go on with its own copy.',
  remedy:
    'Leave the disk out (--skip-disk) and attach it at the destination by hand; or shut the whole cluster down and set bus sharing of the controller to none.',
  needs: 'instance',
  check: ({ disks }) =>
    each(disks, (disk) =>
      when(disk.sharedBus === true, () => ({
        message: `${disk.label} lies on a SCSI bus that is shared with other machines`,
      })),
    ),
};

const datastore: InstanceRule = {
  id: 'disk.datastore_missing',
  title: 'A disk lies on no datastore',
  severities: ['blocker'],
  explanation: 'The source does not tell where the disk lies: its datastore is gone, or may not be seen.',
  remedy: 'Bring the datastore back, or give the user the privilege to see it; then refresh the source.',
  needs: 'instance',
  check: ({ disks }) =>
    each(disks, (disk) =>
      when(disk.datastoreRef === null && disk.obstacles.length === 0, () => ({
        message: `${disk.label} lies on no datastore that can be seen`,
      })),
    ),
};

const independent: InstanceRule = {
  id: 'disk.independent',
  title: 'An independent disk',
  severities: ['information', 'blocker'],
  explanation:
    'An independent disk is left out of snapshots. A machine that is off is read without one; a warm migration, which reads while it runs, is not possible.',
  remedy: 'For a warm migration set the mode of the disk to dependent while the machine is off.',
  needs: 'instance',
  check: ({ disks, mode }) =>
    each(disks, (disk) =>
      when(disk.independent === true && disk.obstacles.length === 0, () => ({
        severity: mode === 'warm' ? 'blocker' : 'information',
        message: `${disk.label} is independent: snapshots leave it out`,
      })),
    ),
};

const tracking: InstanceRule = {
  id: 'disk.change_tracking',
  title: 'Changes of the disks are not tracked',
  severities: ['information', 'blocker'],
  explanation:
    'Change tracking tells where data lies and what was written since. It needs a virtual hardware version of 7 or newer. Without it every byte of a disk is read, and a warm migration is not possible.',
  remedy: 'Upgrade the virtual hardware of the machine (vSphere Client: Compatibility).',
  needs: 'instance',
  check: ({ instance, mode }) =>
    when(!instance.changeTracking.supported, () => ({
      severity: mode === 'warm' ? 'blocker' : 'information',
      message: 'the source cannot track changes of its disks: every byte is read',
    })),
};

const MANY = 24;
const many: InstanceRule = {
  id: 'disk.count',
  title: 'Very many disks',
  severities: ['warning'],
  explanation:
    "Each disk takes a place on the target's virtual hardware, which has about 30 for all devices together, and Nova may be configured to attach fewer (max_disk_devices_to_attach).",
  remedy: 'Leave disks out (--skip-disk), or join them before the move.',
  needs: 'instance',
  check: ({ disks }) =>
    when(disks.length > MANY, () => ({
      message: `it has ${disks.length} disks: a server may not take that many`,
    })),
};

const serials: InstanceRule = {
  id: 'disk.serials',
  title: 'The guest sees serial numbers of its disks',
  severities: ['information'],
  explanation:
    'The option disk.EnableUUID shows the guest a serial number of each disk. At the destination they are other ones: names such as /dev/disk/by-id, and software that keeps to them, no longer match.',
  remedy: 'Name file systems by their own UUID or label in the guest (fstab, crypttab, storage clusters).',
  needs: 'instance',
  check: ({ traits }) =>
    when(traits?.diskSerials === true, () => ({
      message: 'its guest sees serial numbers of disks, which will be other ones',
    })),
};

const bootDisk: InstanceRule = {
  id: 'disk.boot_assumed',
  title: 'Which disk it boots from is not told',
  severities: ['information'],
  explanation:
    'The instance has several disks and no boot order at the source: the first one is taken for the boot disk. Its BIOS may have been told otherwise, which no API shows.',
  remedy: 'Set the boot order at the source (VM Options, Boot Order) when it is another disk, and refresh.',
  needs: 'instance',
  check: ({ instance, bootDisk: first }) =>
    instance.disks.length > 1 && instance.bootDiskKey === null && first !== null
      ? [
          untold(`${first.label} is taken for the boot disk: the source does not tell`, {
            subject: about(first),
          }),
        ]
      : [],
};

const volumeType: DestinationRule = {
  id: 'volume_type.unknown',
  title: 'There is no such volume type',
  severities: ['blocker'],
  explanation: 'The mapping names a volume type that the target project does not have.',
  remedy: 'Map the datastore to another volume type, or to none.',
  needs: 'destination',
  check: ({ targetDisks, facts }) =>
    targetDisks.flatMap((disk) =>
      when(
        disk.target === 'volume' && disk.volumeType !== null && !facts.volumeTypes.includes(disk.volumeType),
        () => ({
          subject: about(disk),
          message: `the destination has no volume type '${disk.volumeType}' (for ${disk.label})`,
          remedy: `Map the datastore to one of: ${facts.volumeTypes.join(', ') || '(there are none)'}.`,
        }),
      ),
    ),
};

/** Glance's default of image_size_cap: 1 TiB. */
const IMAGE_SIZE_CAP = 2 ** 40;
const imageSize: DestinationRule = {
  id: 'image.size_cap',
  title: 'An image larger than Glance may take',
  severities: ['warning'],
  explanation:
    'Glance refuses images above its image_size_cap, by default 1 TiB of sent bytes. No API tells what it is set to. A disk goes through an image when the server boots from one, and when volumes are filled from images.',
  remedy:
    'Ask for a larger image_size_cap; or boot from a volume (--boot-from volume) at a destination whose volumes the workers reach.',
  needs: 'destination',
  check: ({ targetDisks }) =>
    targetDisks.flatMap((disk) =>
      when(
        (disk.target === 'image' || disk.fill !== 'device') && disk.capacityBytes > IMAGE_SIZE_CAP,
        () => ({
          subject: about(disk),
          message: `${disk.label} ${disk.target === 'volume' && disk.fill === 'auto' ? 'goes through an image, unless the worker reaches its volume,' : 'goes through an image'} and has more than 1 TiB, Glance's default limit; what it is here is not known`,
          unknown: true,
        }),
      ),
    ),
};

export const diskRules = [
  none,
  skipped,
  empty,
  unreadable,
  sharedBus,
  datastore,
  independent,
  tracking,
  many,
  serials,
  bootDisk,
  volumeType,
  imageSize,
] as const;
