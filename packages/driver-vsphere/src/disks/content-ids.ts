import type { TransportName } from '@guts/core';
import { FileRequestError, type VirtualDisk, type VirtualMachine, type VSphereSession } from '@guts/vsphere';
import { readDescriptor } from './datastore.ts';
import { contentId } from './descriptor.ts';

/**
 * What tells whether a disk of a machine that is off was written, by device key. The content id is for exactly that:
 * equal ids are equal content (vSphere API, VirtualDiskFlatVer2BackingInfo.contentId). Where the descriptor can be
 * read, it is asked itself: vCenter may show what it learnt a while ago. With change tracking, the change id goes
 * beside it. (Inferred from the documents, never tried on an ESXi.)
 */
export async function contentIds(
  session: VSphereSession,
  datacenter: string,
  machine: VirtualMachine,
  transport: TransportName,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const own = async (disk: VirtualDisk): Promise<string | null> => {
    if (transport === 'lease') return disk.contentId;
    try {
      const { text } = await readDescriptor(session, datacenter, { ...disk, path: disk.fileName }, signal);
      return contentId(text);
    } catch (error) {
      // VDDK also reads what gives no files: where there is none to read, vCenter's word must do.
      if (transport === 'vddk' && error instanceof FileRequestError && error.status < 500)
        return disk.contentId;
      throw error;
    }
  };
  const found = new Map<string, string>();
  for (const key of keys) {
    const disk = machine.disks.find((one) => String(one.key) === key);
    const id = disk ? await own(disk) : null;
    if (disk && id !== null) found.set(key, `${id} ${disk.changeId ?? 'untracked'}`);
  }
  return found;
}
