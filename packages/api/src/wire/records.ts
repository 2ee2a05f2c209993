import type * as wire from '@guts/contract';
import type * as core from '@guts/core';
import { allowedActions } from '../supported.ts';
import { type Snake, snake } from './snake.ts';

export function endpointToWire(endpoint: core.Endpoint): wire.Endpoint {
  return {
    id: endpoint.id,
    name: endpoint.name,
    driver: endpoint.driver,
    settings: { ...endpoint.settings },
    status: endpoint.status,
    status_reason: endpoint.statusReason,
    report: endpoint.report,
    validated_at: endpoint.validatedAt,
    refreshed_at: endpoint.refreshedAt,
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
  };
}

/** Their names no user chose a key of; what drivers report is passed on as they give it. */
const OURS: readonly core.OperationKind[] = ['source.reap', 'destination.reap', 'destination.refresh'];

export function operationToWire(operation: core.Operation): wire.Operation {
  return {
    id: operation.id,
    kind: operation.kind,
    subject_id: operation.subjectId,
    status: operation.status,
    progress: operation.progress,
    result: OURS.includes(operation.kind) ? snake(operation.result) : operation.result,
    error: faultToWire(operation.error),
    created_at: operation.createdAt,
    updated_at: operation.updatedAt,
  };
}

type Fault = NonNullable<wire.Migration['error']>;
export function faultToWire(error: core.StoredError | null): Fault | null {
  if (!error) return null;
  const { details, causes, ...rest } = error;
  return {
    ...rest,
    ...(details ? { details: { ...details } } : {}),
    ...(causes ? { causes: [...causes] } : {}),
  };
}

function mappingToWire({ disks, ...mapping }: core.Mapping): wire.NamedMapping['mapping'] {
  const disksToWire = Object.entries(disks).map(([key, disk]) => [key, snake(disk)] as const);
  // Of what is stored nothing is changed: lists that may not be written are given as lists that may.
  return { ...mapping, disks: Object.fromEntries(disksToWire) } as wire.NamedMapping['mapping'];
}

export function namedMappingToWire(one: core.NamedMapping): wire.NamedMapping {
  return {
    id: one.id,
    name: one.name,
    description: one.description,
    mapping: mappingToWire(one.mapping),
    created_at: one.createdAt,
    updated_at: one.updatedAt,
  };
}

// Lists have thousands of these: their names are not worked out anew for each.
function policiesToWire(policies: core.Policies): Snake<core.Policies> {
  return {
    power: policies.power,
    shutdown_seconds: policies.shutdownSeconds,
    on_failure: policies.onFailure,
    verify_data: policies.verifyData,
    verify_boot: policies.verifyBoot,
    boot_seconds: policies.bootSeconds,
    boot_pattern: policies.bootPattern,
    commit: policies.commit,
  };
}
function demandToWire(demand: core.Demand): Snake<core.Demand> {
  const { host, datastores, streams, bytes, scratchBytes } = demand;
  return { host, datastores: [...datastores], streams, bytes, scratch_bytes: scratchBytes };
}

function specToWire(spec: core.MigrationSpec): Record<string, unknown> {
  return {
    transport: spec.transport,
    boot_from: spec.bootFrom,
    keep_mac: spec.keepMac,
    keep_ip: spec.keepIp,
    mapping: mappingToWire(spec.mapping),
    flavor: spec.flavor,
    target_name: spec.targetName,
    availability_zone: spec.availabilityZone,
    security_groups: spec.securityGroups,
    properties: spec.properties,
    policies: policiesToWire(spec.policies),
  };
}

export function migrationToWire(migration: core.Migration): wire.Migration {
  return {
    id: migration.id,
    name: migration.name,
    source_id: migration.sourceId,
    destination_id: migration.destinationId,
    plan_id: migration.planId,
    instance_ref: migration.instanceRef,
    instance_name: migration.instanceName,
    target_project: migration.targetProject,
    mode: migration.mode,
    purpose: migration.purpose,
    priority: migration.priority,
    status: migration.status,
    phase: migration.phase,
    step: migration.step,
    reason: migration.reason,
    error: faultToWire(migration.error),
    request: migration.request,
    demand: demandToWire(migration.demand),
    trace: migration.trace && snake(migration.trace),
    queued_at: migration.queuedAt,
    cancel_requested: migration.cancelRequested,
    actions: allowedActions(migration),
    worker_id: migration.workerId,
    spec: specToWire(migration.spec),
    created_at: migration.createdAt,
    updated_at: migration.updatedAt,
    started_at: migration.startedAt,
    finished_at: migration.finishedAt,
  };
}

export function stepToWire(step: core.StepRecord): wire.Step {
  return {
    step: step.step,
    attempt: step.attempt,
    status: step.status,
    error: faultToWire(step.error as core.StoredError | null),
    note: step.note,
    started_at: step.startedAt,
    finished_at: step.finishedAt,
  };
}

export function diskToWire(disk: core.DiskProgress): wire.Disk {
  const { migrationId: _migration, diskKey, ...rest } = disk;
  return { key: diskKey, ...snake(rest) };
}

export function artifactToWire(artifact: core.Artifact): wire.Artifact {
  const { id, kind, side, role, status, externalId, name, createdAt, updatedAt } = artifact;
  return {
    id,
    kind,
    side,
    role,
    status,
    external_id: externalId,
    name,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

export function eventToWire(event: core.GutsEvent): wire.Event {
  const { sequence, resource, resourceId, type, severity, message, data, at } = event;
  return { sequence, resource, resource_id: resourceId, type, severity, message, data: { ...data }, at };
}

export function reportToWire(report: core.MigrationReport): wire.Report {
  return snake(report);
}

/** @param slotsUsed migrations reserved for it or run by it */
export function serviceToWire(service: core.Service, slotsUsed: number): wire.Service {
  const { drivers, ...rest } = service;
  const plain = drivers.map(({ settings, secret, transports, ...driver }) => ({
    ...driver,
    ...(transports ? { transports: [...transports] } : {}),
    settings: { ...settings },
    secret: { ...secret },
  }));
  return { ...snake(rest), slots_used: slotsUsed, drivers: plain };
}
