export { createOpenStackDriver } from './driver.ts';
export { toEndpointConfig, type VolumeAccess } from './settings.ts';
