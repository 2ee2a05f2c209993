import type { Instance, InstanceDisk, InstanceNic } from '../inventory.ts';
import type { Finding } from '../preflight-finding.ts';

/**
 * Image properties that keep an unconverted guest on hardware it has drivers for. Names and values: Nova's
 * "useful image properties" (Glance admin guide) and nova.objects.fields (SCSIModel, VIFModel, DiskBus).
 */
const SCSI_MODELS: Readonly<Record<string, string>> = {
  pvscsi: 'vmpvscsi',
  lsilogic: 'lsilogic',
  lsisas: 'lsisas1068',
  buslogic: 'buslogic',
};
/** Of the controller that q35 has built in. */
const AHCI_PORTS = 6;
const VIF_MODELS: Readonly<Record<string, string>> = {
  vmxnet3: 'vmxnet3',
  vmxnet2: 'vmxnet3',
  e1000: 'e1000',
  e1000e: 'e1000e',
  pcnet32: 'pcnet',
};

/**
 * Nova knows no NVMe bus, and q35, which UEFI needs, has no IDE. OVMF as distributions build it drives none of
 * QEMU's parallel SCSI controllers: a UEFI guest would find no disk to boot from. Guests that boot from any of
 * these have an AHCI driver, too.
 */
function bootBus(boot: InstanceDisk, instance: Instance): string {
  return boot.bus === 'nvme' || instance.firmware === 'uefi' ? 'sata' : boot.bus;
}

/** What the guest must bring because its disk moves to another bus; null when it stays. */
export function busFinding(instance: Instance, properties: Readonly<Record<string, string>>): Finding | null {
  const boot = instance.disks.find((disk) => disk.key === instance.bootDiskKey) ?? instance.disks[0];
  const bus = properties['hw_disk_bus'];
  if (!boot || bus === undefined || bus === boot.bus) return null;
  return {
    severity: 'warning',
    code: 'hardware.disk_bus',
    subject: `disk:${boot.key}`,
    message: `the boot disk moves from ${boot.bus} (${boot.controller}) to ${bus}: the guest needs that driver when it boots`,
    remedy:
      'Most guests have it. If it does not boot, add the driver to its initramfs before the move, or choose another bus (--property hw_disk_bus=virtio).',
  };
}

/** What the guest must bring because Nova gives all NICs of a server one model; null when none changes its own. */
export function nicModelFinding(
  nics: readonly InstanceNic[],
  properties: Readonly<Record<string, string>>,
): Finding | null {
  const model = properties['hw_vif_model'];
  const changed = nics.filter((nic) => VIF_MODELS[nic.model] !== model || model === undefined);
  if (changed.length === 0) return null;
  const which = changed.map((nic) => `${nic.label} (${nic.model})`).join(', ');
  return {
    severity: 'warning',
    code: 'hardware.nic_model',
    subject: 'instance',
    message: `${which}: the model becomes ${model ?? "the cloud's default"}, for all NICs of a server have one at the destination: the guest needs its driver`,
    remedy: 'Most guests have it. Otherwise choose another (--property hw_vif_model=e1000).',
  };
}

/**
 * @param nics those that are moved: the first whose model is known decides for all
 * @param overrides values to set, or null to leave a derived one out
 */
export function imageProperties(
  instance: Instance,
  nics: readonly InstanceNic[],
  overrides: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const found: Record<string, string> = {
    hw_firmware_type: instance.firmware,
  };
  if (instance.osType !== 'other') found['os_type'] = instance.osType;
  if (instance.firmware === 'uefi') found['hw_machine_type'] = 'q35';
  // "required" would refuse hosts without it, and the source's own keys are not carried over.
  if (instance.secureBoot) found['os_secure_boot'] = 'optional';
  const boot = instance.disks.find((disk) => disk.key === instance.bootDiskKey) ?? instance.disks[0];
  if (boot) {
    found['hw_disk_bus'] = bootBus(boot, instance);
    const model = SCSI_MODELS[boot.controller];
    if (found['hw_disk_bus'] === 'scsi' && model) found['hw_scsi_model'] = model;
  }
  const vif = nics.map((nic) => VIF_MODELS[nic.model]).find((model) => model !== undefined);
  if (vif) found['hw_vif_model'] = vif;
  for (const [key, value] of Object.entries(overrides)) {
    if (value === null) delete found[key];
    else found[key] = value;
  }
  return found;
}

/**
 * Bus of the data volumes; null: the boot disk's. Nova numbers SCSI disks by LUN, and QEMU's parallel SCSI
 * controllers know LUN 0 only: a second disk there keeps the server from starting. A guest finds its data disks
 * after its kernel is up, when every driver it has on disk can be loaded.
 */
export function dataDiskBus(instance: Instance, properties: Readonly<Record<string, string>>): string | null {
  const parallel = properties['hw_disk_bus'] === 'scsi' && properties['hw_scsi_model'] !== 'virtio-scsi';
  const full = properties['hw_disk_bus'] === 'sata' && instance.disks.length > AHCI_PORTS;
  if ((!parallel && !full) || instance.disks.length < 2) return null;
  return instance.osType === 'linux' || full ? 'virtio' : 'sata';
}
