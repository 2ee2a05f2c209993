import { boolOf, child, childrenOf, intOf, textOf, type Node } from '../soap/parse.ts';
import { invalidArgument, VimFault } from '../soap/faults.ts';
import { refValue } from '../soap/values.ts';
import type { Machine } from '../model/machine.ts';
import { plainName } from '../model/names.ts';
import { machineOf, type Methods } from '../vim.ts';

/** ReconfigVM_Task and Rename_Task. What the fake cannot change is refused rather than ignored. */
export const reconfigureMethods: Methods = {
  ReconfigVM_Task: (call) => {
    const machine = machineOf(call);
    const { vim } = call;
    const spec = child(call.args, 'spec');
    if (spec === undefined) throw invalidArgument('spec');
    return refValue(
      vim.tasks.start(
        machine,
        { method: call.method, descriptionId: 'VirtualMachine.reconfigure' },
        vim.settings.taskMs,
        async () => {
          apply(machine, spec);
          machine.changeVersion += 1;
          vim.inventory.touch(machine.ref);
          return undefined;
        },
      ),
    );
  },
  Rename_Task: (call) => {
    const machine = machineOf(call);
    const { vim } = call;
    const name = textOf(call.args, 'newName');
    if (name === undefined || name === '') throw invalidArgument('newName');
    return refValue(
      vim.tasks.start(
        machine,
        { method: call.method, descriptionId: 'VirtualMachine.rename' },
        vim.settings.taskMs,
        async () => {
          machine.name = plainName(name);
          vim.inventory.touch(machine.ref);
          return undefined;
        },
      ),
    );
  },
};

const KNOWN = new Set(['changeVersion', 'name', 'annotation', 'deviceChange', 'changeTrackingEnabled']);

function apply(machine: Machine, spec: Node): void {
  for (const field of spec.children) {
    if (!KNOWN.has(field.name)) throw invalidArgument(`configSpec.${field.name}`);
  }
  const version = textOf(spec, 'changeVersion');
  if (version !== undefined && version !== String(machine.changeVersion)) {
    throw new VimFault(
      'ConcurrentAccess',
      'The resource was changed by another client: changeVersion differs.',
    );
  }
  const edits = childrenOf(spec, 'deviceChange').map((change) => nicEdit(machine, change));
  const name = textOf(spec, 'name');
  if (name !== undefined && name !== '') machine.name = plainName(name);
  machine.annotation = textOf(spec, 'annotation') ?? machine.annotation;
  const tracking = boolOf(spec, 'changeTrackingEnabled');
  if (tracking !== undefined) machine.setTracking(tracking);
  for (const { key, link } of edits) machine.links.set(key, link);
}

function nicEdit(machine: Machine, change: Node): { key: number; link: Link } {
  const device = child(change, 'device');
  const key = intOf(device, 'key');
  if (textOf(change, 'operation')?.trim() !== 'edit')
    throw invalidArgument('configSpec.deviceChange.operation');
  const link = key === undefined ? undefined : machine.links.get(key);
  if (key === undefined || link === undefined) throw invalidArgument('configSpec.deviceChange.device.key');
  const connectable = child(device, 'connectable');
  const connected = boolOf(connectable, 'connected') ?? link.connected;
  if (connected && machine.power !== 'poweredOn' && !link.connected) {
    throw new VimFault(
      'InvalidDeviceOperation',
      'A device of a machine that is off cannot be connected: set startConnected.',
    );
  }
  return {
    key,
    link: { connected, startConnected: boolOf(connectable, 'startConnected') ?? link.startConnected },
  };
}

interface Link {
  readonly connected: boolean;
  readonly startConnected: boolean;
}
