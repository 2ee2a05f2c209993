import { GutsError, imagesWithoutRoom, roomBeside, type TargetDisk, type VolumeSpec } from '@guts/core';
import type { StepContext } from '../context.ts';

/**
 * How a volume gets its bytes. Where it is left to be tried (`auto`), what stands in the journal tells what came of
 * it: an empty volume is there to be written to, any other is made from an image. So nothing has to be decided
 * twice, whatever died in between.
 */
export async function fillOf({ journal }: StepContext, disk: TargetDisk): Promise<'device' | 'image'> {
  if (disk.target === 'image') return 'image';
  if (disk.fill !== 'auto') return disk.fill;
  const volume = await journal.byRole(`volume:${disk.key}`);
  return (volume?.data['spec'] as VolumeSpec | undefined)?.imageId === null ? 'device' : 'image';
}

/** An earlier attempt went the way of images, and left of it what can be built on. */
export async function wentByImage(context: StepContext, disk: TargetDisk): Promise<boolean> {
  const { journal } = context;
  if (await journal.byRole(`image:${disk.key}`)) return true;
  return (await journal.byRole(`volume:${disk.key}`)) !== null && (await fillOf(context, disk)) === 'image';
}

/** This worker cannot reach the volume, whatever else may be: the driver says so. */
export function isUnreached(error: unknown): error is GutsError {
  return (
    error instanceof GutsError &&
    error.code === 'destination_refused' &&
    error.details?.['unreached'] === true
  );
}

/**
 * The cloud gives no way to a volume that nothing was written to yet: refused, or its storage's driver failed over
 * this host (Cinder answers that with 500). What passes by itself (502 to 504, no answer) is no reason.
 */
export function isNoWay(error: unknown): error is GutsError {
  if (!(error instanceof GutsError)) return false;
  return (
    error.code === 'destination_refused' ||
    (error.code === 'destination_fault' && error.details?.['status'] === 500)
  );
}

/** Removes the empty volume and all that was made to reach it: the disk is filled from an image instead. */
export async function fallBackToImage(context: StepContext, disk: TargetDisk, why: string): Promise<void> {
  const { journal, destination, signal } = context;
  await journal.note(
    'transfer.fill',
    `${disk.label} is filled from an image, for its volume cannot be filled directly: ${why}`,
  );
  // Before the objects: were we killed in between, nobody may take another volume in this role for it.
  await journal.dropCheckpoints(disk.key);
  for (const kind of ['attachment', 'volume']) {
    const artifact = await journal.byRole(`${kind}:${disk.key}`);
    if (artifact) await journal.discard(destination, artifact, signal);
  }
}

/** @throws GutsError `preflight_blocked` when the image service has no room for these disks */
export async function assertRoomForImages(
  { journal, destination, signal }: StepContext,
  disks: readonly TargetDisk[],
): Promise<void> {
  const { quota, flavors } = await destination.facts(signal);
  const room = roomBeside(quota, await journal.artifacts(), flavors);
  const over = imagesWithoutRoom(disks, room);
  if (over.length === 0) return;
  const names = disks.map(({ label }) => label).join(', ');
  throw new GutsError(
    'preflight_blocked',
    `the volumes of ${names} cannot be filled directly, and the image service has no room to fill them from images: ${over.join('; ')}`,
    { remedy: 'Have the quota of images raised, or let the workers reach the storage of the volumes.' },
  );
}
