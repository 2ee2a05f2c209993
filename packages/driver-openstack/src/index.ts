export { createOpenStackDriver } from './driver.ts';
export { toEndpointConfig, type VolumeAccess } from './settings.ts';
export { type HostFiles, hostFiles } from './host-files.ts';
