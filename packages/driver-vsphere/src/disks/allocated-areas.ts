import type { Extent, Log } from '@guts/core';
import { mergeExtents } from '@guts/disk';
import {
  changedAreas,
  isFault,
  type ManagedRef,
  ProtocolError,
  type VirtualDisk,
  type VSphereSession,
} from '@guts/vsphere';

/** The change map was reset, tracks nothing, or lies on a datastore that cannot tell. */
const NO_MAP = ['FileFault', 'InvalidArgument', 'NotSupported'];

/**
 * Areas of a disk that may hold data, by change tracking's `*`, of a machine that is off. Null on any doubt, also
 * when the answers contradict themselves: then every byte is read.
 */
export async function allocatedAreas(
  {
    session,
    log,
    signal,
  }: { readonly session: VSphereSession; readonly log: Log; readonly signal: AbortSignal },
  vm: ManagedRef,
  disk: VirtualDisk,
): Promise<readonly Extent[] | null> {
  // Without a change id the disk is not tracked, and `*` would tell nothing.
  if (disk.changeId === null) return null;
  const { key: deviceKey, capacity } = disk;
  const areas: Extent[] = [];
  try {
    const wanted = { vm, snapshot: null, deviceKey, changeId: '*', capacity, signal };
    for await (const area of changedAreas(session, wanted)) areas.push(area);
  } catch (error) {
    if (!isFault(error, ...NO_MAP) && !(error instanceof ProtocolError)) throw error;
    log.warn({ err: error, disk: deviceKey }, 'the source has no usable map of allocated areas');
    return null;
  }
  return mergeExtents(areas);
}
