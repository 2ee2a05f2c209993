import { type Artifact, toStoredError } from '@guts/core';
import type { Ends, RunContext } from './run-context.ts';

/** What is added to the source's notes; a second commit finds it by the migration's id. */
function note(run: RunContext, server: Artifact | undefined): string {
  const { id, instanceName } = run.migration;
  const day = new Date(run.parts.clock.now()).toISOString().slice(0, 10);
  const target = server?.externalId ? `, now server ${server.externalId}` : '';
  return `Migrated to OpenStack by GUTS on ${day}: ${instanceName}${target} (migration ${id}). Kept switched off.`;
}

async function markSource(run: RunContext, ends: Ends, signal: AbortSignal): Promise<void> {
  const { journal, migration } = run;
  const { source } = ends;
  const was = await source.annotation(migration.instanceRef, signal);
  const server = (await journal.liveArtifacts()).find((one) => one.kind === 'server');
  const { artifact } = await journal.intend({
    kind: 'annotation',
    side: 'source',
    role: 'annotation',
    name: null,
    data: { was },
  });
  const before = String(artifact.data['was']);
  if (!was.includes(migration.id)) {
    const text = before === '' ? note(run, server) : `${before}\n${note(run, server)}`;
    await source.setAnnotation(migration.instanceRef, text, signal);
  }
  if (artifact.status !== 'created') await journal.created(artifact, migration.instanceRef);
}

/** Everything that only a revert needs goes; what stands is the user's from now on. */
async function settle(run: RunContext, ends: Ends, signal: AbortSignal): Promise<void> {
  const { journal, migration } = run;
  const { source, destination } = ends;
  const live = await journal.liveArtifacts();
  const volumes = new Set(live.filter((one) => one.kind === 'volume').map((one) => one.role.split(':')[1]));
  for (const artifact of live) {
    const { kind, role, status } = artifact;
    // An image that a volume was made of serves nobody; one that the server boots from does.
    const unused = kind === 'image' && volumes.has(role.split(':')[1]);
    if (kind === 'attachment' || unused || (status === 'intended' && artifact.side === 'destination'))
      await journal.discard(destination, artifact, signal);
    else if (kind === 'change_tracking') {
      await source.setChangeTracking(migration.instanceRef, artifact.data['was'] === true, signal);
      await journal.settled(artifact, 'removed');
    } else await journal.settled(artifact, 'released');
  }
}

/**
 * Ends revertability: tracking as it was, unused images gone, the source marked by a note (never deleted). What
 * cannot be done leaves the migration `completed`, with the reason: it can be asked for again.
 */
export async function commit(run: RunContext): Promise<void> {
  await run.journal.position('committing', 'cutover', null);
  const signal = run.undoSignal();
  let ends: Ends | null = null;
  try {
    ends = await run.open(signal);
    const opened = ends;
    await run.patience('the commit').through(async () => {
      await markSource(run, opened, signal);
      await settle(run, opened, signal);
    }, signal);
  } catch (error) {
    if (run.keeper.undoSignal.aborted) throw error;
    run.log.warn({ err: error }, 'the commit failed');
    return await run.end('completed', 'cutover', toStoredError(error));
  } finally {
    await run.close(ends);
  }
  await run.end('committed', 'cutover', null);
}
