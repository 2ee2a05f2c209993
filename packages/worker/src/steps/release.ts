import { counted } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';

/** What only the copy needed goes; what the server stands on stays. */
export async function release(context: StepContext): Promise<StepResult> {
  const { source, destination, migration, journal, signal } = context;
  const { plan } = preflightOutput(context);
  const boot = plan.disks.find((disk) => disk.boot);
  const keptImage = boot?.target === 'image' ? `image:${boot.key}` : null;
  let dropped = 0;
  for (const artifact of await journal.liveArtifacts()) {
    const { kind, role } = artifact;
    if (kind === 'attachment' || (kind === 'image' && role !== keptImage)) {
      await journal.discard(destination, artifact, signal);
      dropped += 1;
    } else if (kind === 'change_tracking') {
      await source.setChangeTracking(migration.instanceRef, artifact.data['was'] === true, signal);
      await journal.settled(artifact, 'removed');
      dropped += 1;
    }
  }
  return { status: 'done', note: `removed ${counted(dropped, 'object')} that only the copy needed` };
}
