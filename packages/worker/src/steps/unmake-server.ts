import type { Artifact, TargetDisk } from '@guts/core';
import type { StepContext } from '../context.ts';

/**
 * Removes the server of an earlier attempt, and with it goes what its guest may have written to, its volumes; an
 * image that it booted from is as it was sent.
 * @param why ends the sentence that tells of it
 * @returns keys of the disks whose copies are forgotten
 */
export async function removeServer(
  { journal, destination, signal }: StepContext,
  server: Artifact,
  why: string,
): Promise<ReadonlySet<string>> {
  const text = `the server of an earlier attempt is removed ${why}`;
  await journal.note('transfer.server_removed', text, 'warning');
  const live = new Set((await journal.liveArtifacts()).map(({ role }) => role));
  const volumes = new Set<string>();
  // Before the server: were we killed in between, nobody may take its volumes for copies.
  for (const pass of await journal.passes()) {
    if (!live.has(`volume:${pass.diskKey}`)) continue;
    await journal.forgetCopy(pass);
    volumes.add(pass.diskKey);
  }
  await journal.discard(destination, server, signal);
  return volumes;
}

/**
 * A server holds its disks as they were when it was made: before one of them is copied anew it goes.
 * @param copied keys of disks whose copy stands
 * @returns those that still stand
 */
export async function unmakeServer(
  context: StepContext,
  disks: readonly TargetDisk[],
  copied: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const server = await context.journal.byRole('server');
  if (!server || disks.every((disk) => copied.has(disk.key))) return copied;
  const why = 'before its disks are copied anew: it holds them as they were';
  const forgotten = await removeServer(context, server, why);
  return new Set([...copied].filter((key) => !forgotten.has(key)));
}
