import { randomUUID } from 'node:crypto';
import { specFromWire } from '@guts/api';
import { migrationBody } from '@guts/cli';
import { checkJson, NewMigration } from '@guts/contract';
import {
  compileBootPattern,
  demandOf,
  type Endpoint,
  GutsError,
  type Instance,
  type Migration,
  type MigrationSpec,
  PROJECT_LOCAL,
  type Status,
  type Store,
} from '@guts/core';
import { SCOPE } from './asker.ts';
import { nextCommands } from './next-commands.ts';
import type { OneShotOptions } from './options.ts';
import { specDifferences } from './spec-difference.ts';

/** What a run that was cut off leaves, and the same command goes on with. */
const GOES_ON: readonly Status[] = ['queued', 'scheduled', 'running', 'cancelling'];

/** What the options ask for, as the API would take it. @throws GutsError `bad_request` */
export function specOf(options: OneShotOptions): MigrationSpec {
  const body = { source: '-', destination: '-', instance: '-', ...migrationBody(options) };
  const { boot_pattern: pattern } = body.policies ?? {};
  if (typeof pattern === 'string') compileBootPattern(pattern, '--boot-pattern');
  const [fault] = checkJson({ ...NewMigration }, body);
  if (fault) throw new GutsError('bad_request', `${fault.field} ${fault.message}`, { field: fault.field });
  return specFromWire(body);
}

interface Ends {
  readonly store: Store;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** The instance is taken: by what an earlier run of this command left, or by what must be asked something first. */
async function owned(
  { store, destination }: Ends,
  owner: Migration,
  options: OneShotOptions,
  spec: MigrationSpec,
  conflict: GutsError,
): Promise<Migration> {
  const elsewhere = owner.destinationId !== destination.id;
  const cloud = elsewhere
    ? (await store.getEndpoint('destination', owner.destinationId, SCOPE))?.name
    : options.cloud;
  const next = nextCommands(options, owner, cloud).join('\n');
  if (elsewhere || !GOES_ON.includes(owner.status))
    throw new GutsError('conflict', conflict.message, {
      cause: conflict,
      remedy: `Ask it first,\n${next}`,
      ...(conflict.details ? { details: conflict.details } : {}),
    });
  const differ = specDifferences(owner, { spec, targetProject: options.targetProject ?? null });
  if (differ.length === 0) return owner;
  throw new GutsError(
    'bad_request',
    `the migration of "${owner.instanceName}" that an earlier run began was asked for otherwise: ${differ.join(', ')}`,
    {
      remedy: `Give the options of then to go on, or ask it first,\n${next}`,
      details: { migration_id: owner.id, status: owner.status },
    },
  );
}

/**
 * A new migration; or the one of an earlier run that was cut off, which goes on.
 * @throws GutsError `conflict` with the commands that free the instance; `bad_request` when what goes on was asked
 *   for otherwise
 */
export async function startMigration(
  ends: Ends,
  instance: Instance,
  options: OneShotOptions,
  spec: MigrationSpec,
): Promise<{ readonly migration: Migration; readonly made: boolean }> {
  const { store, source, destination } = ends;
  const id = randomUUID();
  try {
    const migration = await store.createMigration(
      {
        id,
        projectId: PROJECT_LOCAL,
        userId: null,
        planId: null,
        name: instance.name.slice(0, 255),
        sourceId: source.id,
        destinationId: destination.id,
        instanceRef: instance.ref,
        instanceName: instance.name,
        targetProject: options.targetProject ?? null,
        mode: 'cold',
        purpose: 'production',
        priority: 0,
        spec,
        demand: demandOf(instance, spec.transport),
      },
      {
        projectId: PROJECT_LOCAL,
        resource: 'migration',
        resourceId: id,
        type: 'migration.created',
        severity: 'information',
        message: `migration of "${instance.name}" queued`,
        data: {},
      },
    );
    return { migration, made: true };
  } catch (error) {
    const ownerId = error instanceof GutsError ? error.details?.['migration_id'] : undefined;
    const owner = typeof ownerId === 'string' ? await store.getMigration(ownerId, SCOPE) : null;
    if (!owner || !(error instanceof GutsError)) throw error;
    return { migration: await owned(ends, owner, options, spec, error), made: false };
  }
}
