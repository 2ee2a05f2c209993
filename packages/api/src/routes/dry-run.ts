import type { DryRun, NewMigration } from '@guts/contract';
import { GutsError, type Migration, type ProjectScope, STATUS_RULES } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { checkInstance, factsOf, notAsked } from '../preflight/questions.ts';
import { checkToWire } from '../wire/preflight.ts';
import { wantedOf } from './new-migration.ts';
import { liveArtifacts } from './undo-state.ts';

/** The one that keeps the instance: as long as it is not final, or has left something when it failed. */
async function busyOf(parts: ApiParts, others: readonly Migration[]): Promise<Migration | null> {
  for (const one of others) {
    if (STATUS_RULES[one.status].final) continue;
    if (one.status !== 'failed' || (await liveArtifacts(parts, one)).length > 0) return one;
  }
  return null;
}

/**
 * What a migration would be, decided from what was refreshed last. Nothing is written.
 * @throws GutsError with the field of the body at fault; `conflict` where its creation would meet one
 */
export async function dryRun(parts: ApiParts, scope: ProjectScope, body: NewMigration): Promise<DryRun> {
  const { spec, source, destination, instance } = await wantedOf(parts, scope, body);
  const others = await parts.store.listMigrations(
    { projectId: null },
    { limit: 1000, sourceId: source.id, instance: instance.ref },
  );
  const busy = await busyOf(parts, others);
  if (busy)
    throw new GutsError('conflict', `"${instance.name}" is being moved already`, {
      field: 'body.instance',
      remedy: 'Wait for that migration to end, or cancel it.',
      // Another project's is none of the caller's business.
      ...(scope.projectId === null || scope.projectId === busy.projectId
        ? { details: { migration_id: busy.id, status: busy.status } }
        : {}),
    });
  const targetProject = body.target_project ?? null;
  const facts = await factsOf(parts, destination);
  const found = checkInstance(instance, { spec, mode: 'cold', targetProject, facts, bytesPerSecond: null });
  return {
    source_id: source.id,
    destination_id: destination.id,
    target_project: targetProject,
    check: checkToWire(instance, found),
    not_asked: notAsked(true),
  };
}
