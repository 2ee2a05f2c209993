import { VimFault } from '../soap/faults.ts';
import { enumeration, refValue } from '../soap/values.ts';
import type { Machine } from '../model/machine.ts';
import type { PowerState } from '../options.ts';
import { wait } from '../tasks.ts';
import { machineOf, type Methods, type Vim } from '../vim.ts';

/** @throws VimFault InvalidPowerState */
export function requirePower(machine: Machine, wanted: PowerState): void {
  if (machine.power === wanted) return;
  throw new VimFault(
    'InvalidPowerState',
    `The attempted operation cannot be performed in the current state (${machine.power === 'poweredOn' ? 'Powered on' : 'Powered off'}).`,
    {
      requestedState: enumeration('VirtualMachinePowerState', wanted),
      existingState: enumeration('VirtualMachinePowerState', machine.power),
    },
  );
}

/** @throws VimFault TaskInProgress */
export function requireNoLease(machine: Machine): void {
  if (machine.lease === undefined) return;
  throw new VimFault('TaskInProgress', 'The operation is not allowed while the machine is being exported.', {
    task: refValue(machine.lease),
  });
}

function powerOff(vim: Vim, machine: Machine): void {
  machine.powerOff();
  vim.inventory.touch(machine.ref);
}

export const powerMethods: Methods = {
  PowerOnVM_Task: (call) => {
    const machine = machineOf(call);
    const { vim } = call;
    return refValue(
      vim.tasks.start(
        machine,
        { method: call.method, descriptionId: 'VirtualMachine.powerOn' },
        vim.settings.taskMs,
        async () => {
          requirePower(machine, 'poweredOff');
          requireNoLease(machine);
          machine.powerOn();
          vim.inventory.touch(machine.ref);
          return undefined;
        },
      ),
    );
  },
  PowerOffVM_Task: (call) => {
    const machine = machineOf(call);
    const { vim } = call;
    return refValue(
      vim.tasks.start(
        machine,
        { method: call.method, descriptionId: 'VirtualMachine.powerOff' },
        vim.settings.taskMs,
        async () => {
          requirePower(machine, 'poweredOn');
          powerOff(vim, machine);
          return undefined;
        },
      ),
    );
  },
  ShutdownGuest: (call) => {
    const machine = machineOf(call);
    const { vim } = call;
    requirePower(machine, 'poweredOn');
    if (machine.spec.toolsRunning === false) {
      throw new VimFault(
        'ToolsUnavailable',
        'Cannot complete operation because VMware Tools is not running in this virtual machine.',
      );
    }
    if (machine.spec.shutdownBehaviour !== 'never') void shutLater(vim, machine);
    return undefined;
  },
};

async function shutLater(vim: Vim, machine: Machine): Promise<void> {
  if (await wait(vim.settings.shutdownMs, vim.closing))
    if (machine.power === 'poweredOn') powerOff(vim, machine);
}
