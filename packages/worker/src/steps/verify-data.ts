import { createHash } from 'node:crypto';
import { type DiskPass, GutsError, type TargetDisk, type Verification } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { ProgressBoard } from '../progress.ts';
import { storedManifest } from './manifest.ts';
import type { PassManifest } from './transfer.ts';

async function verifyVolume(
  context: StepContext,
  disk: TargetDisk,
  pass: DiskPass,
  board: ProgressBoard,
): Promise<Verification> {
  const { destination, journal, copier, signal } = context;
  const manifest = pass.manifest as PassManifest;
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
      manifest: await storedManifest(journal, { diskKey: disk.key, pass: pass.number }, manifest.chunks),
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

/** The stored image's digest, made here: the image service keeps none that can be compared. */
async function readBack(
  { destination, signal }: StepContext,
  disk: TargetDisk,
  imageId: string,
  algorithm: string,
  board: ProgressBoard,
): Promise<{ size: number; sha512: string }> {
  const hash = createHash('sha512');
  let size = 0;
  try {
    for await (const chunk of destination.readImage(imageId, signal)) {
      hash.update(chunk);
      size += chunk.length;
      board.update(disk.key, { bytesDone: Math.min(size, disk.capacityBytes) });
    }
  } catch (error) {
    if (!(error instanceof GutsError && error.code === 'destination_refused')) throw error;
    const kept = algorithm === 'none' ? 'no hash of it' : `its ${algorithm}, not its SHA-512`;
    throw new GutsError(
      'destination_refused',
      `${disk.label} cannot be verified: the image service keeps ${kept}, and does not give the image back: ${error.message}`,
      {
        cause: error,
        remedy:
          'Have Glance hash by sha512 (hashing_algorithm), or let this user download images; or leave the verification out by the policy (verify_data: off).',
      },
    );
  }
  return { size, sha512: hash.digest('hex') };
}

async function verifyImage(
  context: StepContext,
  disk: TargetDisk,
  manifest: PassManifest,
  board: ProgressBoard,
): Promise<Verification> {
  const { destination, journal, signal } = context;
  const sent = manifest.upload;
  if (!sent) throw new GutsError('internal', `the journal has no upload of ${disk.label}`);
  const imageId = await journal.idOf(`image:${disk.key}`);
  const stored = await destination.imageDigest(imageId, signal);
  const told = stored.algorithm === 'sha512';
  const found =
    told || stored.status !== 'active' || stored.size !== sent.bytesSent
      ? { size: stored.size, sha512: told ? stored.hash : 'unknown' }
      : await readBack(context, disk, imageId, stored.algorithm, board);
  const matches = stored.status === 'active' && found.size === sent.bytesSent && found.sha512 === sent.sha512;
  const detail = matches
    ? told
      ? 'the image service stored what was sent (SHA-512)'
      : 'what was sent was read back from the image service (SHA-512)'
    : `sent ${sent.bytesSent} bytes with SHA-512 ${sent.sha512}; stored (${stored.status}) ${found.size} bytes with SHA-512 ${found.sha512}`;
  return { method: 'image-hash', matches, bytesChecked: found.size, detail };
}

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
    const manifest = pass.manifest as PassManifest;
    const verification = manifest.upload
      ? await verifyImage(context, disk, manifest, board)
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
  return { status: 'done', note: `${plan.disks.length} disks are equal to what was read` };
}
