import type { TargetDisk } from '@guts/core';
import type { StepContext } from '../context.ts';

/**
 * A server holds its disks as they were when it was made. Before one of them is copied anew it goes, and with it
 * goes what its guest may have written to, its volumes; an image that it booted from is as it was sent.
 * @param copied keys of disks whose copy stands
 * @returns those that still stand
 */
export async function unmakeServer(
  { journal, destination, signal }: StepContext,
  disks: readonly TargetDisk[],
  copied: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const server = await journal.byRole('server');
  if (!server || disks.every((disk) => copied.has(disk.key))) return copied;
  await journal.note(
    'transfer.server_removed',
    'the server of an earlier attempt is removed before its disks are copied anew: it holds them as they were',
    'warning',
  );
  const volumes = new Set(disks.filter((disk) => disk.target === 'volume').map((disk) => disk.key));
  // Before the server: were we killed in between, nobody may take its volumes for copies.
  for (const pass of await journal.passes()) if (volumes.has(pass.diskKey)) await journal.forgetCopy(pass);
  await journal.discard(destination, server, signal);
  return new Set([...copied].filter((key) => !volumes.has(key)));
}
