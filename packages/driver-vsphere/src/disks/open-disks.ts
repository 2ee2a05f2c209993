import type { DiskSession, Extent, InstanceDisk, Log, TransportName } from '@guts/core';
import type { VirtualMachine, VSphereSession } from '@guts/vsphere';
import { mustHaveVddk } from '../check-vddk.ts';
import type { Settings } from '../settings.ts';
import type { Tell } from '../waits.ts';
import { openDatastoreDisks } from './datastore.ts';
import { exportWhenFree } from './export-when-free.ts';
import { openLeaseDisks } from './lease.ts';
import { openVddkDisks, type VddkOptions } from './vddk.ts';

export interface DiskParts {
  readonly session: VSphereSession;
  readonly settings: Pick<Settings, 'username' | 'password'>;
  readonly vddk: VddkOptions | undefined;
  readonly log: Log;
  readonly tell: Tell;
  /** Inventory path of the machine's data centre. */
  readonly datacenter: (machine: VirtualMachine) => Promise<string>;
}

async function openExport(
  { session, tell, log }: DiskParts,
  machine: VirtualMachine,
  disks: readonly InstanceDisk[],
  signal: AbortSignal,
): Promise<DiskSession> {
  const lease = await exportWhenFree(session, machine.ref, tell, signal);
  try {
    return openLeaseDisks(lease, machine, disks);
  } catch (error) {
    await lease
      .abort(AbortSignal.timeout(30_000))
      .catch((cause: unknown) => log.warn({ err: cause }, 'an export lease was left to time out'));
    throw error;
  }
}

/** Opens disks of a machine that is off, by the transport that preflight chose. */
export async function openDisks(
  parts: DiskParts,
  transport: TransportName,
  machine: VirtualMachine,
  disks: readonly InstanceDisk[],
  areas: ReadonlyMap<string, readonly Extent[]>,
  signal: AbortSignal,
): Promise<DiskSession> {
  const { session } = parts;
  if (transport === 'lease') return openExport(parts, machine, disks, signal);
  if (transport === 'datastore')
    return openDatastoreDisks(session, await parts.datacenter(machine), disks, areas, signal);
  const { username, password } = parts.settings;
  const own = { session, vddk: mustHaveVddk(parts.vddk), username, password, log: parts.log };
  return openVddkDisks(own, machine.ref, null, disks, signal);
}
