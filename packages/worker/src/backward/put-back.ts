import { type StoredError, toStoredError } from '@guts/core';
import type { Ends, RunContext } from '../run-context.ts';
import { forget } from './forget.ts';
import { type Residue, withoutResidues, withResidues } from './residue.ts';
import { undo } from './undo.ts';

const UNKNOWN_FAILURE: StoredError = {
  code: 'internal',
  message: 'the worker died before it could record why the migration failed',
};

/** Puts the source back and, when told to, removes the target; everything that was not possible is returned. */
async function putBack(
  run: RunContext,
  ends: Ends | null,
  removeTarget: boolean,
): Promise<readonly Residue[]> {
  const { journal, migration } = run;
  const before = await journal.liveArtifacts();
  // Before anything is put back: were we killed in between, nobody may trust data of a source that runs again.
  const sourceRestarts = before.some((one) => one.kind === 'power_state' && one.data['was'] === 'on');
  await forget(journal, { everything: removeTarget, sourceRestarts });
  if (before.length === 0) return [];
  const signal = run.undoSignal();
  let opened: Ends;
  try {
    opened = ends ?? (await run.open(signal));
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toStoredError(error);
    return before.map(({ role, kind, externalId }) => ({ role, kind, externalId, reason: message }));
  }
  try {
    const parts = {
      ...opened,
      journal,
      instanceRef: migration.instanceRef,
      signal,
      patience: run.patience('putting back'),
    };
    return await undo(parts, removeTarget ? 'remove' : 'stop');
  } finally {
    if (!ends) await run.close(opened);
  }
}

/** After a failure: from here on a successor goes on with the undo, never with the forward steps. */
export async function putBackAfterFailure(
  run: RunContext,
  error: StoredError,
  ends: Ends | null,
): Promise<void> {
  await run.journal.position('running', 'undo', null);
  const removeTarget = run.migration.spec.policies.onFailure === 'undo';
  const residues = await putBack(run, ends, removeTarget);
  if (await run.cancelAsked()) return cancel(run);
  await run.end('failed', 'undo', withResidues(error, residues));
}

/** A predecessor died in the undo of a failure, or a retry was asked after an undo that left something. */
export async function resumeUndo(run: RunContext): Promise<void> {
  const failed = (await run.journal.steps()).filter((record) => record.error !== null).at(-1);
  const error = (failed?.error as StoredError | undefined) ?? run.migration.error ?? UNKNOWN_FAILURE;
  await putBackAfterFailure(run, withoutResidues(error), null);
}

/** Everything back as it was. */
export async function cancel(run: RunContext): Promise<void> {
  await run.journal.position('cancelling', 'undo', null);
  const residues = await putBack(run, null, true);
  if (residues.length === 0) return run.end('cancelled', 'undo', null);
  const error: StoredError = {
    code: 'conflict',
    message: 'cancelled, but not everything could be put back',
    remedy: 'Remove the cause and cancel again: it goes on with what is left.',
  };
  await run.end('failed', 'undo', withResidues(error, residues));
}
