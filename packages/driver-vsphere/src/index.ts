export { vddkObstacle } from './check-vddk.ts';
export { createVSphereDriver } from './driver.ts';
export type { Around as AroundCall } from '@guts/vsphere';
export type { VddkOptions } from './disks/vddk.ts';
