import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, messageOf } from '@guts/core';
import { type ExportLease, exportVm, isFault, type ManagedRef, type VSphereSession } from '@guts/vsphere';

/**
 * How long a lease that nobody keeps alive may stay: vCenter ends it about five minutes after its last progress
 * (vSphere API, HttpNfcLease.Info.leaseTimeout); seconds.
 */
const STALE_LEASE_SECONDS = 420;
const ASK_EVERY_MS = 1000;

/**
 * Exports a machine. One that a dead predecessor exports without ever having told its lease's id is locked until
 * that lease times out: it is waited for, and the log says so.
 */
export async function exportWhenFree(
  session: VSphereSession,
  vm: ManagedRef,
  log: Log,
  signal: AbortSignal,
): Promise<ExportLease> {
  const deadline = performance.now() + STALE_LEASE_SECONDS * 1000;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exportVm(session, vm, signal);
    } catch (error) {
      const locked = isFault(
        error,
        'TaskInProgress',
        'InvalidState',
        'FileLocked',
        'ConcurrentAccess',
        'Timedout',
      );
      if (!locked || performance.now() > deadline) throw error;
      if (attempt === 1)
        log.warn(
          { vm: vm.value },
          `the machine is exported already (${messageOf(error)}): waiting for that lease to end`,
        );
      await sleep(ASK_EVERY_MS, undefined, { signal });
    }
  }
}
