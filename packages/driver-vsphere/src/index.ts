export { createVSphereDriver } from './driver.ts';
