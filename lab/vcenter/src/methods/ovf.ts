import { refOf } from '../collector/filter-spec.ts';
import { child, childrenOf, intOf, textOf } from '../soap/parse.ts';
import { bool, data, escapeXml, str } from '../soap/values.ts';
import { machineOf, type Call, type Methods } from '../vim.ts';

/** OvfManager.CreateDescriptor: enough of an OVF envelope for a client to write its export down. */
export const ovfMethods: Methods = {
  CreateDescriptor: (call) =>
    data('OvfCreateDescriptorResult', {
      ovfDescriptor: str(descriptor(call)),
      includeImageFiles: bool(false),
    }),
};

function descriptor(call: Call): string {
  const machine = machineOf(call, refOf(child(call.args, 'obj'), 'obj'));
  const files = childrenOf(child(call.args, 'cdp'), 'ovfFiles');
  const references = files.map((file, index) => {
    const href = escapeXml(textOf(file, 'path') ?? '');
    return `<File ovf:id="file${index + 1}" ovf:href="${href}" ovf:size="${intOf(file, 'size') ?? 0}"/>`;
  });
  const disks = machine.disks.map(
    (disk, index) =>
      `<Disk ovf:diskId="vmdisk${index + 1}" ovf:fileRef="file${index + 1}" ovf:capacity="${disk.disk.size}" ovf:capacityAllocationUnits="byte" ` +
      'ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>',
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">' +
    `<References>${references.join('')}</References>` +
    `<DiskSection><Info>Virtual disks</Info>${disks.join('')}</DiskSection>` +
    `<VirtualSystem ovf:id="${escapeXml(machine.name)}"><Info>A virtual machine</Info><Name>${escapeXml(machine.name)}</Name></VirtualSystem>` +
    '</Envelope>'
  );
}
