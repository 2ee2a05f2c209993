import type { DiskPass, StepName, StepRecord, Verification } from '@guts/core';
import type { Journal } from '../journal.ts';

const differs = (pass: DiskPass): boolean => (pass.verification as Verification | null)?.matches === false;

/**
 * Marks results that hold no longer: every step runs again at a retry, for the source is put back and may run, and
 * be changed, until then; each keeps what it finds still valid. Data that was read before we start the source again,
 * and data that differs on the destination, is read anew; of a source that stays off the transfer finds out whether
 * anybody else ran it, and removes what was made of data that holds no longer.
 * @param what.everything nothing that was made remains
 * @param what.sourceRestarts the source is powered on again
 */
export async function forget(
  journal: Journal,
  what: { readonly everything: boolean; readonly sourceRestarts: boolean },
): Promise<void> {
  const allData = what.everything || what.sourceRestarts;
  if (allData) for (const disk of await journal.disks()) await journal.dropCheckpoints(disk.diskKey);
  for (const pass of await journal.passes()) if (allData || differs(pass)) await journal.forgetCopy(pass);
  const last = new Map<StepName, StepRecord>();
  for (const record of await journal.steps()) last.set(record.step, record);
  for (const record of last.values()) {
    const stands = record.status === 'done' || record.status === 'skipped';
    if (stands) await journal.finish(record, { status: 'undone', output: record.output, note: record.note });
  }
}
