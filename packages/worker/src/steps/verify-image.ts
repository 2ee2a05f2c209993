import { createHash } from 'node:crypto';
import { type DiskPass, GutsError, type TargetDisk, type Verification } from '@guts/core';
import type { StepContext } from '../context.ts';
import type { ProgressBoard } from '../progress.ts';
import type { PassManifest } from './transfer.ts';

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

/** Compares an image with the stream that was sent. */
export async function verifyImage(
  context: StepContext,
  disk: TargetDisk,
  pass: DiskPass,
  board: ProgressBoard,
): Promise<Verification> {
  const { destination, journal, signal } = context;
  const sent = (pass.manifest as PassManifest).upload;
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
  return {
    method: 'image-hash',
    matches,
    bytesChecked: found.size,
    sampled: false,
    bytesRepaired: 0,
    detail,
  };
}
