import type { StepName, StepRecord } from '@guts/core';
import type { Journal } from '../journal.ts';

/**
 * Marks results that hold no longer, so that a retry starts at the first step whose result is still valid. Data
 * read before the source ran again is one of them.
 * @param what.everything nothing that was made remains
 * @param what.sourceRestarts the source is powered on again
 */
export async function forget(
  journal: Journal,
  what: { readonly everything: boolean; readonly sourceRestarts: boolean },
): Promise<void> {
  if (!what.everything && !what.sourceRestarts) return;
  for (const disk of await journal.disks()) await journal.dropCheckpoints(disk.diskKey);
  for (const pass of await journal.passes())
    if (pass.finishedAt !== null) await journal.putPass({ ...pass, finishedAt: null, verification: null });
  const keep = what.everything ? [] : ['preflight', 'reserve'];
  const last = new Map<StepName, StepRecord>();
  for (const record of await journal.steps()) last.set(record.step, record);
  for (const record of last.values()) {
    const stands = record.status === 'done' || record.status === 'skipped';
    if (stands && !keep.includes(record.step))
      await journal.finish(record, { status: 'undone', output: record.output, note: record.note });
  }
}
