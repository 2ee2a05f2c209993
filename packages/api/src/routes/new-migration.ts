import type { NewMigration as Body } from '@guts/contract';
import {
  compileBootPattern,
  demandOf,
  type Endpoint,
  type Instance,
  type Migration,
  type MigrationSpec,
  type NewMigration,
  type ProjectScope,
} from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import type { Caller } from '../authenticator.ts';
import type { OwnScope } from '../serve.ts';
import { refuseUnsupported } from '../supported.ts';
import { specFromWire } from '../wire/new-migration.ts';
import { findEndpoint } from './endpoints.ts';
import { findInstance } from './find-instance.ts';
import { findMapping } from './mappings.ts';

/** Who asks, and in which project. */
export interface Asker {
  readonly caller: Caller;
  readonly scope: OwnScope;
  readonly requestId: string;
}

/** What a body asks for, found and checked; nothing is made yet. */
export interface Wanted {
  readonly spec: MigrationSpec;
  /** Id of the stored mapping; null: none was named. */
  readonly mappingId: string | null;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly instance: Instance;
}

/** @throws GutsError with the field of the body at fault */
export async function wantedOf(parts: ApiParts, scope: ProjectScope, body: Body): Promise<Wanted> {
  refuseUnsupported(body);
  const { named_mapping: named } = body;
  const stored = named === undefined ? null : await findMapping(parts, named, scope);
  const spec = specFromWire(body, stored?.mapping);
  const { bootPattern } = spec.policies;
  if (bootPattern !== null) compileBootPattern(bootPattern, 'body.policies.boot_pattern');
  const source = await findEndpoint(parts, 'source', body.source, scope);
  const destination = await findEndpoint(parts, 'destination', body.destination, scope);
  const instance = await findInstance(parts, source, body.instance);
  return { spec, mappingId: stored?.id ?? null, source, destination, instance };
}

/**
 * Makes a migration and queues it.
 * @param id of the migration
 * @throws GutsError with the field of the body at fault
 */
export async function makeMigration(
  parts: ApiParts,
  { caller, scope, requestId }: Asker,
  id: string,
  body: Body,
): Promise<Migration> {
  const { spec, mappingId, source, destination, instance } = await wantedOf(parts, scope, body);
  const made: NewMigration = {
    id,
    projectId: scope.projectId,
    userId: caller.userId,
    planId: null,
    name: body.name ?? instance.name.slice(0, 255),
    sourceId: source.id,
    destinationId: destination.id,
    instanceRef: instance.ref,
    instanceName: instance.name,
    targetProject: body.target_project ?? null,
    mode: 'cold',
    purpose: body.purpose ?? 'production',
    priority: body.priority ?? 0,
    spec,
    demand: demandOf(instance, spec.transport),
  };
  const facts = {
    instance: instance.ref,
    source: source.id,
    ...(mappingId === null ? {} : { mapping: mappingId }),
  };
  return parts.store.createMigration(made, {
    projectId: scope.projectId,
    resource: 'migration',
    resourceId: id,
    type: 'migration.created',
    severity: 'information',
    message: `migration of "${instance.name}" queued`,
    data: { status: 'queued' },
    audit: auditLine(parts, { caller, requestId }, 'migration.create', id, facts),
  });
}
