export { createVSphereDriver } from './driver.ts';
export type { Around as AroundCall } from '@guts/vsphere';
