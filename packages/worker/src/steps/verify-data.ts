import { type DiskPass, GutsError, type TargetDisk, type Verification } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { ProgressBoard } from '../progress.ts';
import type { PassManifest } from './transfer.ts';

async function verifyVolume(
  context: StepContext,
  disk: TargetDisk,
  manifest: PassManifest,
  board: ProgressBoard,
): Promise<Verification> {
  const { destination, journal, copier, signal } = context;
  const volumeId = await journal.idOf(`volume:${disk.key}`);
  const attached = await journal.ensure(
    destination,
    'attachment',
    `attachment:${disk.key}`,
    { volumeId },
    signal,
  );
  const reader = await destination.openVolumeReader(attached.data, disk.capacityBytes);
  try {
    const { mismatches, bytesChecked } = await copier.verify({
      manifest: manifest.chunks,
      reader,
      signal,
      onProgress: (progress) => board.update(disk.key, progress),
    });
    const where = mismatches.map((extent) => `${extent.offset}+${extent.length}`).join(', ');
    const matches = mismatches.length === 0;
    return {
      method: 'chunks',
      matches,
      bytesChecked,
      detail: matches ? 'every chunk is equal' : `differs at ${where}`,
    };
  } finally {
    await reader.close();
  }
}

async function verifyImage(
  context: StepContext,
  disk: TargetDisk,
  manifest: PassManifest,
): Promise<Verification> {
  const { destination, journal, signal } = context;
  const sent = manifest.upload;
  if (!sent) throw new GutsError('internal', `the journal has no upload of ${disk.label}`);
  const stored = await destination.imageDigest(await journal.idOf(`image:${disk.key}`), signal);
  const matches =
    stored.status === 'active' &&
    stored.size === sent.bytesSent &&
    stored.algorithm === 'sha512' &&
    stored.hash === sent.sha512;
  const detail = matches
    ? 'the image service stored what was sent (SHA-512)'
    : `sent ${sent.bytesSent} bytes with SHA-512 ${sent.sha512}; stored (${stored.status}) ${stored.size} bytes with ${stored.algorithm} ${stored.hash}`;
  return { method: 'image-hash', matches, bytesChecked: stored.size, detail };
}

/** Reads the destination itself; nothing of ours in between is trusted. */
export async function verifyData(context: StepContext): Promise<StepResult> {
  const { migration, journal, clock } = context;
  if (migration.spec.policies.verifyData === 'off')
    return { status: 'skipped', note: 'left out, as the policy says: the data is not verified' };
  const { plan } = preflightOutput(context);
  const passes = new Map<string, DiskPass>();
  for (const pass of await journal.passes()) passes.set(pass.diskKey, pass);
  const board = new ProgressBoard(journal, clock, await journal.disks());
  const bad: string[] = [];
  for (const disk of plan.disks) {
    const pass = passes.get(disk.key);
    if (!pass) throw new GutsError('internal', `the journal has no pass of ${disk.label}`);
    board.update(disk.key, { state: 'verifying', bytesDone: 0, bytesTotal: disk.capacityBytes });
    const manifest = pass.manifest as PassManifest;
    const verification = manifest.upload
      ? await verifyImage(context, disk, manifest)
      : await verifyVolume(context, disk, manifest, board);
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
  return { status: 'done', note: `${plan.disks.length} disks are equal to what was read` };
}
