import type { Artifact, Migration } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';

/** What exists outside, or may exist, because of a migration. */
export async function liveArtifacts(
  { store }: Pick<ApiParts, 'store'>,
  { id }: Migration,
): Promise<Artifact[]> {
  return (await store.listArtifacts(id)).filter(
    ({ status }) => status === 'intended' || status === 'created',
  );
}

/**
 * Whether an undo has still something to do: it named residues, or never came to its end (a cancel that could not
 * reach the clouds names none). The source is put back always, the target unless the policy keeps it.
 */
export async function undoIsOpen(parts: Pick<ApiParts, 'store'>, migration: Migration): Promise<boolean> {
  if (migration.error?.details?.['residues'] !== undefined) return true;
  const { onFailure } = migration.spec.policies;
  const live = await liveArtifacts(parts, migration);
  return live.some(({ side }) => side === 'source' || (side === 'destination' && onFailure === 'undo'));
}
