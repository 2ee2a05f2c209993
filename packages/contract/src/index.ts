export { allRoutes, methodsOf, nameOf } from './all-routes.ts';
export * from './client.ts';
export { compileBootPattern, ERROR_CODES, type ErrorCode, type Status } from '@guts/core';
export { ERROR_CATALOGUE } from './error-catalogue.ts';
export { checkJson, type JsonFault } from './json-check.ts';
export * from './routes.ts';
export { STEPS } from './steps.ts';
export { SERVED_ACTIONS } from './served-actions.ts';
export { ErrorBody } from './schemas/common.ts';
export { plainText } from './terminal-text.ts';
export {
  Endpoint,
  EndpointChange,
  NewEndpoint,
  Operation,
  OPERATION_STATUSES,
  ReapResult,
} from './schemas/endpoint.ts';
export {
  DashboardLink,
  DashboardLogin,
  DashboardSession,
  EventTicket,
  LOGIN_KINDS,
  type LoginKind,
  Me,
} from './schemas/dashboard.ts';
export { Datastore, Host, Instance, Network } from './schemas/inventory.ts';
export {
  DestinationFlavor,
  DestinationNetwork,
  DestinationVolumeType,
  Driver,
  LimitsAnswer,
  Volume,
} from './schemas/resources.ts';
export { Manifest, MANIFEST_PAGE_MAX, ManifestFile, ManifestPiece } from './schemas/manifest.ts';
export { NamedMapping } from './schemas/mapping.ts';
export {
  Artifact,
  BULK_MAX,
  BulkAnswer,
  Console,
  Disk,
  DryRun,
  Migration,
  MigrationAction,
  NewMigration,
  type NewMigrations,
  Report,
  Step,
  Trace,
} from './schemas/migration.ts';
export { PreflightQuestion } from './schemas/preflight.ts';
export {
  type DraftPlan,
  InstanceCheck,
  PreflightRule,
  PreflightSummary,
  UnaskedRule,
} from './schemas/preflight-answer.ts';
export { AuditLine, Event, Health, HealthReport, Service } from './schemas/system.ts';
export { Throughput } from './schemas/throughput.ts';
export {
  API_VERSIONS,
  type ApiVersion,
  atLeast,
  MAX_VERSION,
  MIN_VERSION,
  SERVICE_TYPE,
  VERSION_HEADER,
} from './versions.ts';
export type { Static, TObject, TSchema } from 'typebox';
