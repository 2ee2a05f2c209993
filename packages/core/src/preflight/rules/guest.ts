import { vifModelOf } from '../../plan/properties.ts';
import type { InstanceRule } from '../rule.ts';
import { untold, when } from '../rule.ts';

const noTools: InstanceRule = {
  id: 'guest.no_tools',
  title: 'The guest cannot be asked to stop',
  severities: ['warning', 'blocker'],
  explanation:
    'VMware Tools do not run in the guest, so that it cannot be asked to shut down. With the policy `guest` its power is cut instead, as if the plug were pulled; with `guest-only` the migration fails.',
  remedy: 'Start VMware Tools in the guest, or shut it down by hand before the move.',
  needs: 'instance',
  check: ({ instance, spec, traits }) => {
    const { power } = spec.policies;
    const missing = traits?.toolsInstalled === false ? 'are not installed' : 'do not run';
    return when(instance.powerState === 'on' && !instance.toolsRunning && power !== 'off', () => ({
      severity: power === 'guest-only' ? 'blocker' : 'warning',
      message: `VMware Tools ${missing} in its guest: ${power === 'guest-only' ? 'it cannot be shut down, and the policy does not allow to cut its power' : 'its power will be cut'}`,
    }));
  },
};

/** Clients of Windows 8 and newer; `windows9` is Windows 10 (VirtualMachineGuestOsIdentifier). */
const FAST_START = /^windows(8|9|1\d)(_64)?Guest$/;
const fastStart: InstanceRule = {
  id: 'guest.fast_start',
  title: 'Windows may be hibernated',
  severities: ['information', 'warning'],
  explanation:
    'Since Windows 8 clients shut down by hibernating their kernel (fast start-up), and any Windows may be hibernated. What they were doing then lies in hiberfil.sys and does not fit other hardware; their file systems are not closed. Whether it is so cannot be seen from outside. A shutdown that is asked for by VMware Tools is a full one.',
  remedy: 'Turn fast start-up off in the guest (powercfg /h off), and shut it down fully (shutdown /s /t 0).',
  needs: 'instance',
  check: ({ instance }) =>
    when(FAST_START.test(instance.guestId ?? ''), () =>
      untold(
        instance.powerState === 'on'
          ? 'whether its Windows uses fast start-up cannot be seen'
          : 'it is off: whether its Windows was shut down fully or hibernated cannot be seen',
        instance.powerState === 'on' ? {} : { severity: 'warning' },
      ),
    ),
};

const unknownOs: InstanceRule = {
  id: 'guest.unknown',
  title: 'The operating system is not known',
  severities: ['information'],
  explanation:
    'The source tells neither Linux nor Windows. The guest keeps virtual hardware like its own as far as OpenStack has it; whether it has drivers for what changes cannot be told.',
  remedy: 'Set the guest operating system of the machine at the source when it is another.',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.osType === 'other', () =>
      untold(
        `its operating system is ${instance.guestName ?? instance.guestId ?? 'not told'}: whether it has drivers for the target's hardware cannot be told`,
      ),
    ),
};

const nvram: InstanceRule = {
  id: 'firmware.boot_entries',
  title: 'UEFI boot entries are not moved',
  severities: ['information', 'warning'],
  explanation:
    'The variables of a UEFI firmware (NVRAM), with the entry that names the boot loader, are not copied. The target starts the fallback loader \\EFI\\BOOT\\BOOTX64.EFI of the boot disk. Windows always puts one there; of other systems many do, but some only when told. Whether it is there cannot be seen before the disk is read.',
  remedy:
    'In the guest see that \\EFI\\BOOT\\BOOTX64.EFI is on the EFI system partition (Debian: grub-install --force-extra-removable).',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.firmware === 'uefi', () =>
      untold(
        'it boots by UEFI, whose boot entries are not moved: a fallback loader must be on its boot disk',
        {
          severity: instance.osType === 'windows' ? 'information' : 'warning',
        },
      ),
    ),
};

const secureBoot: InstanceRule = {
  id: 'firmware.secure_boot',
  title: 'Secure Boot',
  severities: ['information'],
  explanation:
    "Keys that were put into the firmware by hand are not moved: the target knows those of its own firmware, mostly Microsoft's. Secure Boot is asked for where the destination's hosts have it.",
  remedy:
    'For loaders or drivers signed with keys of your own leave it out (--property os_secure_boot=disabled); to insist on it, --property os_secure_boot=required.',
  needs: 'instance',
  check: ({ instance, properties }) =>
    when(instance.secureBoot && properties['os_secure_boot'] === 'optional', () => ({
      message:
        'Secure Boot is on; at the destination it is where the host can, with the keys of its firmware',
    })),
};

const diskBus: InstanceRule = {
  id: 'hardware.disk_bus',
  title: 'The boot disk moves to another bus',
  severities: ['warning'],
  explanation:
    'OpenStack has not every bus that vSphere has, and UEFI boots from fewer of them. The guest must have the driver of the new one when it boots, in its initramfs or among its boot drivers.',
  remedy:
    'Most guests have it. If it does not boot, add the driver to its initramfs before the move, or choose another bus (--property hw_disk_bus=virtio).',
  needs: 'instance',
  check: ({ bootDisk: boot, properties }) => {
    const bus = properties['hw_disk_bus'];
    if (!boot || bus === undefined || bus === boot.bus) return [];
    return [
      {
        subject: `disk:${boot.key}`,
        message: `the boot disk moves from ${boot.bus} (${boot.controller}) to ${bus}: the guest needs that driver when it boots`,
      },
    ];
  },
};

const windowsVirtio: InstanceRule = {
  id: 'hardware.windows_virtio',
  title: 'Windows without virtio drivers',
  severities: ['warning'],
  explanation:
    'Windows has no virtio driver of its own. One that boots from such a disk without it stops with INACCESSIBLE_BOOT_DEVICE; a data disk stays invisible.',
  remedy:
    'Install the drivers of virtio-win in the guest before the move, or choose another bus (--property hw_disk_bus=sata).',
  needs: 'instance',
  check: ({ instance, properties, dataDiskBus }) => {
    const boot = properties['hw_disk_bus'] === 'virtio' || properties['hw_scsi_model'] === 'virtio-scsi';
    if (instance.osType !== 'windows' || (!boot && dataDiskBus !== 'virtio')) return [];
    const which = boot ? 'its boot disk' : 'its data disks';
    return [
      untold(`${which} will be virtio: whether its Windows has that driver is not known`, {
        severity: 'warning',
      }),
    ];
  },
};

const nicModel: InstanceRule = {
  id: 'hardware.nic_model',
  title: 'NICs change their model',
  severities: ['warning'],
  explanation:
    'All NICs of a server have one model at the destination, of those that OpenStack knows. The guest must have its driver. A model that was chosen by hand is not told.',
  remedy: 'Most guests have it. Otherwise choose another (--property hw_vif_model=e1000).',
  needs: 'instance',
  check: ({ nics, properties, spec }) => {
    const model = properties['hw_vif_model'];
    const changed = nics.filter((nic) => vifModelOf(nic) !== model || model === undefined);
    if (changed.length === 0 || spec.properties['hw_vif_model'] !== undefined) return [];
    const which = changed.map((nic) => `${nic.label} (${nic.model})`).join(', ');
    return [
      {
        message: `${which}: the model becomes ${model ?? "the cloud's default"}, for all NICs of a server have one at the destination: the guest needs its driver`,
      },
    ];
  },
};

export const guestRules = [
  noTools,
  fastStart,
  unknownOs,
  nvram,
  secureBoot,
  diskBus,
  windowsVirtio,
  nicModel,
] as const;
