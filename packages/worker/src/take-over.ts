import type { Ends, RunContext } from './run-context.ts';

/**
 * Before the first step under a lease: the predecessor's way to the data goes, for epochs do not fence the
 * outside. Its export lease is aborted and its attachments are detached; the steps make their own.
 */
export async function takeOver(run: RunContext, { source, destination }: Ends): Promise<void> {
  const { journal, keeper } = run;
  const { signal } = keeper;
  for (const artifact of await journal.liveArtifacts()) {
    if (artifact.kind === 'attachment') await journal.discard(destination, artifact, signal);
    if (artifact.kind === 'lease') {
      // One without an id was never told to us: the source lets it time out, and opening the disks waits for that.
      if (artifact.externalId !== null) await source.abortSession(artifact.externalId, signal);
      await journal.settled(artifact, 'removed');
    }
  }
}
