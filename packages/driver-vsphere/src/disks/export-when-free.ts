import { setTimeout as sleep } from 'node:timers/promises';
import { GutsError, messageOf } from '@guts/core';
import { type ExportLease, exportVm, isFault, type ManagedRef, type VSphereSession } from '@guts/vsphere';
import type { Tell } from '../waits.ts';

export interface ExportPatience {
  readonly deadlineSeconds: number;
  /** Milliseconds between two tries. */
  readonly askMs: number;
  /** Seconds between two times that it is told. */
  readonly noteSeconds: number;
}

/**
 * vCenter ends a lease that nobody keeps alive about five minutes after its last progress (vSphere API,
 * HttpNfcLeaseInfo.leaseTimeout: 300 s by default).
 */
const PATIENCE: ExportPatience = { deadlineSeconds: 420, askMs: 1000, noteSeconds: 30 };

/**
 * Exports a machine. One that a dead predecessor exports stays locked until that lease times out: a lease belongs
 * to the session that asked for it, so that another may not be able to abort it even when its id is known. It is
 * waited for, which is told now and then.
 * @throws GutsError `source_fault` when it stays locked for longer than a lease that nobody uses can last
 */
export async function exportWhenFree(
  session: VSphereSession,
  vm: ManagedRef,
  tell: Tell,
  signal: AbortSignal,
  { deadlineSeconds, askMs, noteSeconds }: ExportPatience = PATIENCE,
): Promise<ExportLease> {
  const began = performance.now();
  let noted = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      return await exportVm(session, vm, signal);
    } catch (error) {
      if (!isFault(error, 'TaskInProgress', 'InvalidState', 'FileLocked', 'ConcurrentAccess', 'Timedout'))
        throw error;
      const now = performance.now();
      const why = messageOf(error);
      if (now - began > deadlineSeconds * 1000)
        throw new GutsError(
          'source_fault',
          `${vm.value} cannot be exported: it has been locked for ${deadlineSeconds} seconds (${why})`,
          {
            cause: error,
            remedy:
              'Something else exports it, backs it up or changes it: look at its tasks in vCenter, and end or wait for what runs there.',
          },
        );
      if (now - noted >= noteSeconds * 1000) {
        noted = now;
        const left = Math.max(0, Math.round(deadlineSeconds - (now - began) / 1000));
        tell(
          { vm: vm.value, seconds_left: left },
          `waiting for a lease of the machine to end, at most ${left} seconds more (${why})`,
        );
      }
      await sleep(askMs, undefined, { signal });
    }
  }
}
