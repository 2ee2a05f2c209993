import { Lease, type LeaseDisk } from '../lease.ts';
import { CONTROLLERS } from '../model/machine-disk.ts';
import type { Machine } from '../model/machine.ts';
import { gone, VimFault } from '../soap/faults.ts';
import { child, intOf } from '../soap/parse.ts';
import { refValue, type Value } from '../soap/values.ts';
import type { Readable } from '../disk/disk.ts';
import { machineOf, snapshotOf, type Call, type Methods } from '../vim.ts';
import { busy } from '../tasks.ts';
import { requireNoLease, requirePower } from './power.ts';

function leaseOf(call: Call): Lease {
  const lease = call.vim.leases.get(call.self.id);
  const foreign = call.vim.settings.leaseScope === 'session' && lease?.sessionKey !== call.session?.key;
  if (lease === undefined || foreign) throw gone(call.self);
  return lease;
}

function open(
  call: Call,
  machine: Machine,
  locks: boolean,
  readable: (key: number) => Readable | undefined,
): Value {
  const { vim } = call;
  const disks: LeaseDisk[] = [];
  for (const [index, disk] of machine.disks.entries()) {
    const bytes = readable(disk.key);
    if (bytes === undefined) continue;
    const type = CONTROLLERS[disk.spec.controller ?? 'pvscsi'].type;
    disks.push({
      key: `/${machine.ref.id}/${type}${disk.bus}:${disk.unit}`,
      deviceKey: disk.key,
      fileName: `disk-${index}.vmdk`,
      readable: bytes,
    });
  }
  const lease = new Lease(vim.inventory, machine, call.session?.key ?? '', disks, vim.leaseSettings, () => {
    if (machine.lease?.id === lease.ref.id) machine.lease = undefined;
    vim.inventory.touch(machine.ref);
  });
  vim.leases.set(lease.ref.id, lease);
  if (locks) machine.lease = lease.ref;
  return refValue(lease.ref);
}

export const exportMethods: Methods = {
  ExportVm: (call) => {
    const machine = machineOf(call);
    requirePower(machine, 'poweredOff');
    requireNoLease(machine);
    const [task] = call.vim.tasks.underWay(machine);
    if (task) throw busy({ type: 'Task', id: task.id });
    return open(call, machine, true, (key) => machine.disks.find((d) => d.key === key)?.disk);
  },
  ExportSnapshot: (call) => {
    const { machine, snapshot } = snapshotOf(call.vim, call.self);
    return open(call, machine, false, (key) => snapshot.disks.find((d) => d.key === key)?.view);
  },
  HttpNfcLeaseProgress: (call) => {
    leaseOf(call).report(intOf(call.args, 'percent') ?? 0);
    return undefined;
  },
  HttpNfcLeaseComplete: (call) => {
    leaseOf(call).complete();
    return undefined;
  },
  HttpNfcLeaseAbort: (call) => {
    const fault = child(call.args, 'fault');
    leaseOf(call).abort(
      fault === undefined
        ? undefined
        : new VimFault('RequestCanceled', 'The lease was aborted by its client.'),
    );
    return undefined;
  },
};
