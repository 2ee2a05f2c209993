import {
  type Artifact,
  type ArtifactSide,
  type DestinationArtifactKind,
  type Leftover,
  type MarkedObject,
  messageOf,
  type ReapInput,
  type ReapResult,
  STATUS_RULES,
  type Store,
} from '@guts/core';
import type { OperationParts } from './operation.ts';

/** What stands on other things goes first. */
const REMOVAL_ORDER = ['snapshot', 'server', 'attachment', 'port', 'volume', 'image', 'flavor'] as const;

/**
 * Why an object with our marker belongs to no live migration; null: it does, or it is the user's. A migration
 * that has not ended may still adopt or remove what it intended, so nothing of it is a leftover.
 */
async function whyLeft(
  store: Store,
  object: MarkedObject,
  side: ArtifactSide,
): Promise<Pick<Leftover, 'owner' | 'why' | 'migrationId'> | null> {
  const artifact: Artifact | null = await store.getArtifact(object.marker.artifactId);
  const migrationId = artifact?.migrationId ?? object.marker.migrationId;
  const migration = migrationId === '' ? null : await store.getMigration(migrationId, { projectId: null });
  if (!migration) return { owner: 'unknown', why: 'its migration is not in this database', migrationId };
  if (artifact?.side === side && artifact.status === 'released') return null;
  if (!STATUS_RULES[migration.status].final) return null;
  const what = artifact ? `recorded as ${artifact.status}` : 'not recorded';
  return { owner: 'known', why: `its migration is ${migration.status}; the object is ${what}`, migrationId };
}

async function reap(
  { store }: OperationParts,
  side: ArtifactSide,
  found: AsyncIterable<MarkedObject>,
  remove: (object: MarkedObject) => Promise<void>,
  input: ReapInput,
  say: (progress: string) => void,
): Promise<ReapResult> {
  const left: { object: MarkedObject; leftover: Leftover }[] = [];
  let seen = 0;
  for await (const object of found) {
    seen += 1;
    say(`${seen} objects with our marker, ${left.length} of them left over`);
    const why = await whyLeft(store, object, side);
    if (!why) continue;
    const { kind, externalId, name, marker } = object;
    const { artifactId } = marker;
    left.push({
      object,
      leftover: { kind, externalId, name, artifactId, ...why, outcome: 'listed', error: null },
    });
  }
  const rank = ({ object }: (typeof left)[number]): number =>
    REMOVAL_ORDER.findIndex((kind) => kind === object.kind);
  const leftovers: Leftover[] = [];
  for (const { object, leftover } of left.toSorted((a, b) => rank(a) - rank(b))) {
    const wanted =
      input.remove &&
      (leftover.owner === 'known' || input.includeUnknown) &&
      (input.only.length === 0 || input.only.includes(object.externalId));
    if (!wanted) {
      leftovers.push(leftover);
      continue;
    }
    say(`removing ${object.kind} ${object.externalId}`);
    try {
      await remove(object);
      leftovers.push({ ...leftover, outcome: 'removed' });
    } catch (error) {
      leftovers.push({ ...leftover, outcome: 'failed', error: messageOf(error) });
    }
  }
  return { leftovers };
}

/** Snapshots at a source that carry our marker and belong to no live migration. */
export async function reapSource(
  parts: OperationParts,
  id: string,
  input: ReapInput,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<ReapResult> {
  const source = await parts.connections.openSource(id, { signal, log: parts.log });
  try {
    const remove = (object: MarkedObject): Promise<void> => source.removeSnapshot(object.externalId, signal);
    return await reap(parts, 'source', source.listMarked(signal), remove, input, say);
  } finally {
    await source.close();
  }
}

/** Everything in a destination's project that carries our marker and belongs to no live migration. */
export async function reapDestination(
  parts: OperationParts,
  id: string,
  input: ReapInput,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<ReapResult> {
  const context = { targetProject: null, signal, log: parts.log };
  const destination = await parts.connections.openDestination(id, context);
  try {
    const remove = async (object: MarkedObject): Promise<void> => {
      signal.throwIfAborted();
      await destination.remove(object.kind as DestinationArtifactKind, object.externalId, signal);
    };
    return await reap(parts, 'destination', destination.listMarked(signal), remove, input, say);
  } finally {
    await destination.close();
  }
}
