export type {
  CloudAuth,
  CloudConfig,
  DomainRef,
  EndpointInterface,
  ProjectRef,
} from './config/cloud-config.ts';
export { loadCloud, type LoadOptions, mergeTrees } from './config/load.ts';
export { fromSettings } from './config/settings.ts';
export {
  ApiError,
  CloudConfigError,
  isOverQuota,
  isStatus,
  LoginError,
  type LoginMethod,
  OpenStackError,
  ProtocolError,
  UnreachableError,
  UntrustedCertificateError,
  WaitError,
} from './errors.ts';
export { readFault } from './faults.ts';
export { compareVersions } from './microversion.ts';
export type { RetryRules } from './retry.ts';
export { SERVICE_TYPES, type ServiceName } from './service-catalog.ts';
export {
  type ApiRequest,
  type Around,
  type AskedRequest,
  OpenStackSession,
  type SessionOptions,
} from './session.ts';
export type { TokenScope, ValidToken } from './token-validation.ts';
export type { TlsTrust } from './transport/http.ts';
export { waitFor, type WaitOptions } from './wait.ts';
export * from './services/image.ts';
export * from './services/network.ts';
export * from './services/compute.ts';
export * from './services/volume.ts';
export * from './services/server-volume.ts';
export * from './services/attachment.ts';
export * from './services/transfer.ts';
export * from './services/zones.ts';
