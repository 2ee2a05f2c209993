import { snapshotProperties } from '../model/machine-properties.ts';
import type { Machine, Snapshot } from '../model/machine.ts';
import { plainName } from '../model/names.ts';
import { boolOf, child, textOf } from '../soap/parse.ts';
import { refValue, type Ref, type Value } from '../soap/values.ts';
import { VimFault } from '../soap/faults.ts';
import { machineOf, snapshotOf, type Call, type Methods } from '../vim.ts';

function create(call: Call, quiesceAsked: boolean): Value {
  const machine = machineOf(call);
  const { vim } = call;
  const name = plainName(textOf(call.args, 'name') ?? '');
  const description = textOf(call.args, 'description') ?? '';
  return refValue(
    vim.tasks.start(
      machine,
      { method: call.method, descriptionId: 'VirtualMachine.createSnapshot' },
      vim.settings.taskMs,
      async () => {
        if (machine.consolidating) {
          throw new VimFault('TaskInProgress', 'Another task is already in progress: consolidation.');
        }
        const ref: Ref = { type: 'VirtualMachineSnapshot', id: `snapshot-${vim.inventory.nextNumber()}` };
        // Without tools, or off, vSphere ignores the wish to quiesce.
        const quiesced = quiesceAsked && machine.power === 'poweredOn' && machine.spec.toolsRunning !== false;
        const taken = await machine.takeSnapshot(
          { ref, name, description, quiesced },
          vim.settings.trackingStartsAt,
        );
        vim.inventory.add({ ref, properties: snapshotProperties(machine, taken, vim.world) });
        vim.inventory.touch(machine.ref);
        return refValue(ref);
      },
    ),
  );
}

/** Removes snapshots; consolidation takes its time, and nothing else may be done to snapshots meanwhile. */
function remove(
  call: Call,
  machine: Machine,
  name: string,
  which: () => readonly Snapshot[],
  children: boolean,
): Value {
  const { vim } = call;
  return refValue(
    vim.tasks.start(
      machine,
      { method: call.method, descriptionId: `VirtualMachine.${name}` },
      vim.settings.taskMs + vim.settings.consolidateMs,
      async () => {
        if (machine.consolidating) {
          throw new VimFault('TaskInProgress', 'Another task is already in progress: consolidation.');
        }
        machine.consolidating = true;
        try {
          const before = machine.snapshots.map((s) => s.ref);
          for (const snapshot of which()) await machine.dropSnapshot(snapshot, children);
          const left = new Set(machine.snapshots.map((s) => s.ref.id));
          for (const ref of before) if (!left.has(ref.id)) vim.inventory.remove(ref);
        } finally {
          machine.consolidating = false;
          vim.inventory.touch(machine.ref);
        }
        return undefined;
      },
    ),
  );
}

export const snapshotMethods: Methods = {
  CreateSnapshot_Task: (call) => create(call, boolOf(call.args, 'quiesce') ?? false),
  CreateSnapshotEx_Task: (call) => create(call, child(call.args, 'quiesceSpec') !== undefined),
  RemoveSnapshot_Task: (call) => {
    const { machine, snapshot } = snapshotOf(call.vim, call.self);
    const children = boolOf(call.args, 'removeChildren') ?? false;
    const current = (): readonly Snapshot[] => machine.snapshots.filter((s) => s === snapshot);
    return remove(call, machine, 'removeSnapshot', current, children);
  },
  RemoveAllSnapshots_Task: (call) => {
    const machine = machineOf(call);
    return remove(call, machine, 'removeAllSnapshots', () => [...machine.snapshots], false);
  },
};
