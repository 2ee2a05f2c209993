import { counted, type DiskPass, GutsError, type Verification } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { ProgressBoard } from '../progress.ts';
import type { PassManifest } from './transfer.ts';
import { verifyImage } from './verify-image.ts';
import { verifyVolume } from './verify-volume.ts';

/** Reads the destination itself; nothing of ours in between is trusted. */
export async function verifyData(context: StepContext): Promise<StepResult> {
  const { migration, journal, clock } = context;
  if (migration.spec.policies.verifyData === 'off')
    return { status: 'skipped', note: 'left out, as the policy says: the data is not verified' };
  const { plan } = preflightOutput(context);
  await context.predecessorsGone();
  const passes = new Map<string, DiskPass>();
  for (const pass of await journal.passes()) passes.set(pass.diskKey, pass);
  const board = new ProgressBoard(journal, clock, await journal.disks());
  const bad: string[] = [];
  for (const disk of plan.disks) {
    const pass = passes.get(disk.key);
    if (!pass) throw new GutsError('internal', `the journal has no pass of ${disk.label}`);
    // Seen equal since it was copied; a server that was made of it since may have written to it.
    if ((pass.verification as Verification | null)?.matches === true) continue;
    board.update(disk.key, { state: 'verifying', bytesDone: 0, bytesTotal: disk.capacityBytes });
    const sent = (pass.manifest as PassManifest).upload;
    const verification = sent
      ? await verifyImage(context, disk, pass, board)
      : await verifyVolume(context, disk, pass, board);
    await journal.putPass({ ...pass, verification });
    const state = verification.matches ? 'verified' : 'mismatch';
    board.update(disk.key, { state, bytesDone: disk.capacityBytes });
    if (!verification.matches) bad.push(`${disk.label}: ${verification.detail}`);
  }
  await board.flush();
  if (bad.length > 0) {
    throw new GutsError(
      'disk_mismatch',
      `the destination holds other bytes than the source: ${bad.join('; ')}`,
      {
        remedy: 'Retry copies the disks again; if it happens twice, look at the storage of the destination.',
      },
    );
  }
  return { status: 'done', note: `${counted(plan.disks.length, 'disk')} found equal to what was read` };
}
