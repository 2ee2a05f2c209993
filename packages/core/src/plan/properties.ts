import type { Instance } from '../inventory.ts';

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
const VIF_MODELS: Readonly<Record<string, string>> = {
  vmxnet3: 'vmxnet3',
  vmxnet2: 'vmxnet3',
  e1000: 'e1000',
  e1000e: 'e1000e',
  pcnet32: 'pcnet',
};

/** @param overrides values to set, or null to leave a derived one out */
export function imageProperties(
  instance: Instance,
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
    // Nova knows no NVMe bus, and q35 has no IDE; every guest that boots from them has an AHCI driver, too.
    const noSuchBus = boot.bus === 'nvme' || (boot.bus === 'ide' && instance.firmware === 'uefi');
    found['hw_disk_bus'] = noSuchBus ? 'sata' : boot.bus;
    const model = SCSI_MODELS[boot.controller];
    if (boot.bus === 'scsi' && model) found['hw_scsi_model'] = model;
  }
  const nic = instance.nics[0];
  const vif = nic ? VIF_MODELS[nic.model] : undefined;
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
  if (!parallel || instance.disks.length < 2) return null;
  return instance.osType === 'linux' ? 'virtio' : 'sata';
}
