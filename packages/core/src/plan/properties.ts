import { bootDiskOf, type Instance, type InstanceDisk, type InstanceNic } from '../inventory.ts';
import { entryOf } from './lookup.ts';

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

/** Nova's word for the model of a NIC; null: it knows none like it. */
export const vifModelOf = (nic: InstanceNic): string | null => entryOf(VIF_MODELS, nic.model) ?? null;

/**
 * Image properties of the target.
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
  const boot = bootDiskOf(instance);
  if (boot) {
    found['hw_disk_bus'] = bootBus(boot, instance);
    const model = entryOf(SCSI_MODELS, boot.controller);
    if (found['hw_disk_bus'] === 'scsi' && model) found['hw_scsi_model'] = model;
  }
  const vif = nics.map(vifModelOf).find((model) => model !== null);
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
