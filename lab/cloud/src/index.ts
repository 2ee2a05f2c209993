export { type Cloud, type CloudUser, startCloud } from './cloud.ts';
export type { Fault, FaultEffect, FaultList, FaultMatch } from './http/faults.ts';
export type { CloudState } from './state.ts';
export type { CloudOptions, Delays, FlavorOption, NetworkOption, Quotas, UserOption } from './options.ts';
