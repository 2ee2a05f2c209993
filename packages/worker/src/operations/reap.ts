import {
  type Artifact,
  type ArtifactSide,
  type DestinationArtifactKind,
  type DestinationConnection,
  type Leftover,
  type MarkedObject,
  messageOf,
  type ReapInput,
  type ReapResult,
  type Status,
  STATUS_RULES,
  type Store,
} from '@guts/core';
import type { OperationParts } from './operation.ts';

/** What stands on other things goes first. */
const REMOVAL_ORDER = ['snapshot', 'server', 'attachment', 'port', 'volume', 'image', 'flavor'] as const;
/** Nothing runs a migration in these; it may go on, but never with what its journal has settled. */
const RESTING: readonly Status[] = ['failed', 'completed'];
const PAGE = 500;

/** Why an object is none of what an artifact's journal row stands for; null: it is, or may yet be adopted. */
function unlike(artifact: Artifact, object: MarkedObject): string | null {
  if (artifact.status === 'removed') return 'is recorded as removed';
  // An attachment may bear the marker of its volume.
  if (artifact.kind !== object.kind || artifact.externalId === null) return null;
  return artifact.externalId === object.externalId
    ? null
    : `was made twice: ${artifact.externalId} is the recorded one`;
}

/**
 * Why an object with our marker belongs to no live migration; null: it does, or it is the user's. A migration
 * that has not ended may still adopt or remove what it intended, so nothing of it is a leftover; but once it rests,
 * what it recorded as removed, or has beside what it recorded, is.
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
  const known = (what: string) =>
    ({
      owner: 'known',
      why: `its migration is ${migration.status}; the object ${what}`,
      migrationId,
    }) as const;
  const { final } = STATUS_RULES[migration.status];
  const odd = artifact?.side === side ? unlike(artifact, object) : null;
  if (odd !== null) return final || RESTING.includes(migration.status) ? known(odd) : null;
  if (!final || (artifact?.side === side && artifact.status === 'released')) return null;
  return known(artifact ? `is recorded as ${artifact.status}` : 'is not recorded');
}

interface Reaping {
  readonly store: Store;
  readonly side: ArtifactSide;
  readonly input: ReapInput;
  readonly say: (progress: string) => void;
}

async function reap(
  { store, side, input, say }: Reaping,
  found: AsyncIterable<MarkedObject>,
  remove: (object: MarkedObject) => Promise<void>,
): Promise<readonly Leftover[]> {
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
  return leftovers;
}

/** Snapshots at a source that carry our marker and belong to no live migration. */
export async function reapSource(
  { store, connections, log }: OperationParts,
  id: string,
  input: ReapInput,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<ReapResult> {
  const source = await connections.openSource(id, { signal, log });
  try {
    const remove = (object: MarkedObject): Promise<void> => source.removeSnapshot(object.externalId, signal);
    const reaping = { store, side: 'source', input, say } as const;
    return { leftovers: await reap(reaping, source.listMarked(signal), remove), unseen: [] };
  } finally {
    await source.close();
  }
}

/** Target projects of a destination's migrations: the credential's own (null) first. */
async function targetProjects(store: Store, destinationId: string): Promise<readonly (string | null)[]> {
  const projects = new Set<string | null>([null]);
  for (let marker: string | undefined; ;) {
    const page = await store.listMigrations(
      { projectId: null },
      { destinationId, limit: PAGE, ...(marker === undefined ? {} : { marker }) },
    );
    for (const { targetProject } of page) projects.add(targetProject);
    marker = page.at(-1)?.id;
    if (page.length < PAGE) return [...projects];
  }
}

/** What is listed in several projects (flavors; to an administrator also images) is looked at once. */
async function* once(found: AsyncIterable<MarkedObject>, seen: Set<string>): AsyncGenerator<MarkedObject> {
  for await (const object of found) {
    const name = `${object.kind} ${object.externalId}`;
    if (!seen.has(name)) yield object;
    seen.add(name);
  }
}

/**
 * Everything at a destination that carries our marker and belongs to no live migration: in the credential's own
 * project, and in every project that a migration there went to.
 */
export async function reapDestination(
  { store, connections, log }: OperationParts,
  id: string,
  input: ReapInput,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<ReapResult> {
  const leftovers: Leftover[] = [];
  const unseen: ReapResult['unseen'][number][] = [];
  const looked = new Set<string>();
  const seen = new Set<string>();
  for (const targetProject of await targetProjects(store, id)) {
    let destination: DestinationConnection;
    try {
      destination = await connections.openDestination(id, { targetProject, signal, log });
    } catch (error) {
      signal.throwIfAborted();
      if (targetProject === null) throw error;
      log.warn({ err: error, project: targetProject }, 'a target project cannot be looked into');
      unseen.push({ project: targetProject, reason: messageOf(error) });
      continue;
    }
    try {
      const { project } = destination;
      if (looked.has(project.id)) continue;
      looked.add(project.id);
      const remove = async (object: MarkedObject): Promise<void> => {
        signal.throwIfAborted();
        await destination.remove(object.kind as DestinationArtifactKind, object.externalId, signal);
      };
      const inProject = (progress: string): void => say(`${project.name}: ${progress}`);
      const reaping = { store, side: 'destination', input, say: inProject } as const;
      leftovers.push(...(await reap(reaping, once(destination.listMarked(signal), seen), remove)));
    } finally {
      await destination.close();
    }
  }
  return { leftovers, unseen };
}
