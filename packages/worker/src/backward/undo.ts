import { type Artifact, GutsError, messageOf, type SourceConnection } from '@guts/core';
import { HandOver } from '../lease-keeper.ts';
import type { Patience } from '../patience.ts';
import { preventServer, type Target } from './intended-server.ts';
import type { Residue } from './residue.ts';

export interface UndoParts extends Target {
  readonly source: SourceConnection;
  readonly instanceRef: string;
  readonly patience: Patience;
}

const PARKED = 'parked by GUTS: the migration was reverted and its source runs again';

/** What becomes of the target: `stop`: kept for a retry; `park`: kept for the user; `remove`. */
export type TargetFate = 'stop' | 'park' | 'remove';

async function attempt(
  { signal, patience }: UndoParts,
  artifact: Artifact,
  residues: Residue[],
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    signal.throwIfAborted();
    await patience.through(work, signal);
    return true;
  } catch (error) {
    if (error instanceof GutsError && error.code === 'lease_lost') throw error;
    // The worker must go: what is left is for its successor, no residue.
    if (signal.reason instanceof HandOver) throw error;
    const { role, kind, externalId } = artifact;
    residues.push({ role, kind, externalId, reason: messageOf(error) });
    return false;
  }
}

/** Stops or removes the target; false when it could not be seen off or gone, and so the source stays off. */
async function quietTarget(parts: UndoParts, fate: TargetFate, residues: Residue[]): Promise<boolean> {
  const { destination, journal, signal } = parts;
  let quiet = true;
  for (const artifact of await journal.liveArtifacts()) {
    if (artifact.kind !== 'server') continue;
    const done = await attempt(parts, artifact, residues, async () => {
      if (artifact.externalId === null) return preventServer(parts, artifact);
      if (fate === 'remove') return journal.discard(destination, artifact, signal);
      // One that was made twice is kept once.
      await journal.discardObjects(destination, artifact, signal, artifact.externalId);
      if (fate === 'park') return destination.parkServer(artifact.externalId, PARKED, signal);
      await destination.stopServer(artifact.externalId, signal);
    });
    quiet &&= done;
  }
  return quiet;
}

async function restoreOne(parts: UndoParts, artifact: Artifact): Promise<void> {
  const { source, journal, instanceRef, signal } = parts;
  if (artifact.kind === 'lease') {
    if (artifact.externalId !== null) await source.abortSession(artifact.externalId, signal);
  } else if (artifact.kind === 'snapshot') {
    const marked = await source.findSnapshots(instanceRef, journal.marker(artifact), signal);
    const known = artifact.externalId === null ? [] : [artifact.externalId];
    for (const snapshot of new Set([...marked, ...known])) await source.removeSnapshot(snapshot, signal);
  } else if (artifact.kind === 'change_tracking') {
    await source.setChangeTracking(instanceRef, artifact.data['was'] === true, signal);
  } else if (artifact.kind === 'annotation') {
    await source.setAnnotation(instanceRef, String(artifact.data['was']), signal);
  } else if (artifact.kind === 'power_state' && artifact.data['was'] === 'on') {
    if ((await source.powerState(instanceRef, signal)) !== 'on') await source.powerOn(instanceRef, signal);
  }
  await journal.settled(artifact, 'removed');
}

/** In this order: a held lease forbids power on, and tracking is set as it was while the machine is off. */
const SOURCE_ORDER: readonly string[] = ['lease', 'snapshot', 'change_tracking', 'annotation', 'power_state'];

async function restoreSource(parts: UndoParts, targetQuiet: boolean, residues: Residue[]): Promise<void> {
  const live = await parts.journal.liveArtifacts();
  for (const kind of SOURCE_ORDER) {
    for (const artifact of live.filter((one) => one.kind === kind)) {
      const isPowerOn = kind === 'power_state' && artifact.data['was'] === 'on';
      await attempt(parts, artifact, residues, async () => {
        if (isPowerOn && !targetQuiet)
          throw new GutsError(
            'destination_fault',
            'the source is left off: the target is not seen off or gone',
          );
        await restoreOne(parts, artifact);
      });
    }
  }
}

/**
 * Puts the source back as it was and does with the target what it is told; `remove` removes everything made at
 * the destination, newest first.
 * Never stops at a failure: what could not be done is returned.
 */
export async function undo(parts: UndoParts, fate: TargetFate): Promise<readonly Residue[]> {
  const residues: Residue[] = [];
  const quiet = await quietTarget(parts, fate, residues);
  await restoreSource(parts, quiet, residues);
  if (fate === 'remove') {
    const rest = (await parts.journal.liveArtifacts())
      .filter((artifact) => artifact.side === 'destination' && artifact.kind !== 'server')
      .sort((a, b) => b.sequence - a.sequence);
    for (const artifact of rest)
      await attempt(parts, artifact, residues, () =>
        parts.journal.discard(parts.destination, artifact, parts.signal),
      );
  }
  return residues;
}
