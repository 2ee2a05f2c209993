export {
  type CertificateFacts,
  FileRequestError,
  HttpStatusError,
  isFault,
  LoginError,
  ObjectGoneError,
  ProtocolError,
  SessionLostError,
  UnreachableError,
  UntrustedCertificateError,
  VSphereError,
  VSphereFaultError,
} from './errors.ts';
export {
  normaliseFingerprint,
  probeCertificate,
  trustedCertificate,
  type TlsTrust,
} from './transport/tls.ts';
export { type About, type Around, type ConnectOptions, sdkUrl, VSphereSession } from './session.ts';
export type { ManagedRef } from './xml/element.ts';
export type * from './inventory/types.ts';
export {
  ancestors,
  type Inventory,
  readAncestors,
  readDatastore,
  readHost,
  readInventory,
  readMachine,
  readName,
} from './inventory/inventory.ts';
export { toMachine } from './inventory/records.ts';
export { type InventoryChange, watchInventory } from './inventory/watch.ts';
export { lackedPrivileges } from './privileges.ts';
export { waitForTask } from './tasks.ts';
export { powerOff, powerOn, powerState, shutdownGuest } from './machine/power.ts';
export {
  createSnapshot,
  listSnapshots,
  machineOfSnapshot,
  removeSnapshot,
  setChangeTracking,
  type Snapshot,
} from './machine/configure.ts';
export { readAnnotation, writeAnnotation } from './machine/annotation.ts';
export { type RunningTask, runningTasks, waitEnded } from './machine/quiet.ts';
export { type Area, changedAreas } from './machine/changed-areas.ts';
export { abortLease, ExportLease, exportSnapshot, exportVm, type LeaseDevice } from './machine/lease.ts';
export { DatastoreFile, type DatastorePath, splitDatastorePath } from './machine/datastore-file.ts';
