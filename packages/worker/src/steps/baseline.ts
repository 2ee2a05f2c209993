import { preflightOutput, type StepContext, type StepResult } from '../context.ts';

/** Changed block tracking tells which areas of a disk hold data: with it, holes are never read. */
export async function baseline(context: StepContext): Promise<StepResult> {
  const { source, migration, journal, signal } = context;
  const { plan, instance } = preflightOutput(context);
  if (instance.changeTracking.enabled) return { status: 'skipped', note: 'change tracking is on already' };
  if (plan.transport !== 'datastore') return { status: 'skipped', note: 'the transport needs no change map' };
  if (!instance.changeTracking.supported)
    return { status: 'skipped', note: 'the source cannot track changes: every byte is read' };
  const { artifact } = await journal.intend({
    kind: 'change_tracking',
    side: 'source',
    role: 'change_tracking',
    name: null,
    data: { was: false },
  });
  if (artifact.status !== 'created') {
    await source.setChangeTracking(migration.instanceRef, true, signal);
    await journal.created(artifact, 'on');
  }
  return { status: 'done', note: 'change tracking turned on' };
}
