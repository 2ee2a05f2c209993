export { createOpenStackDriver } from './driver.ts';
export type { Around as AroundRequest, AskedRequest } from '@guts/openstack';
export { toEndpointConfig, type VolumeAccess } from './settings.ts';
export { type HostFiles, hostFiles } from './host-files.ts';
