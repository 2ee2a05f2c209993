import { type StoredError, toStoredError } from '@guts/core';
import type { Ends, RunContext } from '../run-context.ts';
import { withResidues } from './residue.ts';
import { undo } from './undo.ts';

/**
 * The source back as it was, the target parked (stopped, locked, kept) or removed. A parked target is the user's:
 * its artifacts are released, so that nothing of ours removes it later.
 */
export async function revert(run: RunContext): Promise<void> {
  const { journal, migration } = run;
  const target = migration.request?.target ?? 'park';
  await journal.position('reverting', 'undo', null);
  const signal = run.undoSignal();
  let ends: Ends;
  try {
    ends = await run.open(signal);
  } catch (error) {
    signal.throwIfAborted();
    return run.end('failed', 'undo', toStoredError(error));
  }
  try {
    const parts = {
      ...ends,
      journal,
      instanceRef: migration.instanceRef,
      signal,
      patience: run.patience('putting back'),
    };
    const residues = await undo(parts, target);
    if (residues.length > 0) return await run.end('failed', 'undo', withResidues(FAILED, residues));
    if (target === 'park') await releaseTarget(run);
    await run.end('reverted', 'undo', null);
  } finally {
    await run.close(ends);
  }
}

async function releaseTarget({ journal }: RunContext): Promise<void> {
  for (const artifact of await journal.liveArtifacts())
    if (artifact.side === 'destination') await journal.settled(artifact, 'released');
}

const FAILED: StoredError = {
  code: 'conflict',
  message: 'not everything could be put back',
  remedy: 'Remove the cause and retry: the revert goes on with what is left.',
};
