export * from './artifact.ts';
export * from './boot-pattern.ts';
export * from './console.ts';
export * from './counted.ts';
export * from './endpoint.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './inventory.ts';
export * from './lists.ts';
export * from './migration.ts';
export * from './named-mapping.ts';
export * from './notification.ts';
export * from './operation.ts';
export * from './ports/bus.ts';
export * from './ports/clock.ts';
export * from './ports/cursor-store.ts';
export * from './ports/destination-driver.ts';
export * from './ports/disk.ts';
export * from './ports/driver.ts';
export * from './ports/idempotency-store.ts';
export * from './ports/log.ts';
export * from './ports/mapping-store.ts';
export * from './ports/sealed-store.ts';
export * from './ports/secrets.ts';
export * from './ports/source-driver.ts';
export * from './ports/store.ts';
export * from './ports/throughput-store.ts';
export { RULE_AREAS, RULES, type RuleArea } from './preflight/catalogue.ts';
export type { DestinationCase, PreflightQuestion } from './preflight/case.ts';
export { type DraftPlan, preflight, type PreflightResult, unasked } from './preflight/check.ts';
export * from './preflight/finding.ts';
export { ASSUMED_BYTES_PER_SECOND, type Prediction } from './preflight/prediction.ts';
export { findingOf, type LiveRule, type Need, type Rule, type RuleText } from './preflight/rule.ts';
export { type CheckResult, resultOf, type RuleCount, Tally } from './preflight/tally.ts';
export {
  DATASTORE_UNREADABLE,
  HOST_UNREACHABLE,
  HOST_UNTRUSTED,
  VDDK_UNUSABLE,
} from './preflight/rules/transfer.ts';
export { decide, recheck } from './schedule/decide.ts';
export { lacking, type Take, takesOf, Usage } from './schedule/resources.ts';
export * from './schedule/limits.ts';
export * from './schedule/types.ts';
export * from './service.ts';
export * from './states.ts';
export * from './steps.ts';
export * from './plan/address.ts';
export * from './plan/demand.ts';
export * from './plan/disks.ts';
export { diskName, validName } from './plan/names.ts';
export { imagesWithoutRoom } from './plan/quota.ts';
export { roomBeside } from './plan/room-beside.ts';
export * from './plan/target.ts';
export * from './report.ts';
