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
    os_type: instance.osType === 'windows' ? 'windows' : 'linux',
  };
  if (instance.firmware === 'uefi') found['hw_machine_type'] = 'q35';
  // "required" would refuse hosts without it, and the source's own keys are not carried over.
  if (instance.secureBoot) found['os_secure_boot'] = 'optional';
  const boot = instance.disks.find((disk) => disk.key === instance.bootDiskKey) ?? instance.disks[0];
  if (boot) {
    // Nova knows no NVMe bus; every guest with an NVMe driver of its own time has AHCI too.
    found['hw_disk_bus'] = boot.bus === 'nvme' ? 'sata' : boot.bus;
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
