export { startVCenter, type VCenter } from './vcenter.ts';
export type { VCenterState } from './state.ts';
export { MachineControl, Writer } from './control.ts';
export { BadMachine } from './machines.ts';
export { FaultList, type FaultEffect, type InjectedFault } from './http/injected.ts';
export { patternBytes } from './disk/fill.ts';
export { streamVmdk } from './disk/stream-vmdk.ts';
export type {
  ControllerKind,
  DatastoreSpec,
  DiskSource,
  DiskSpec,
  Firmware,
  MachineSpec,
  NetworkSpec,
  NicSpec,
  PemPair,
  PowerState,
  VCenterOptions,
} from './options.ts';
