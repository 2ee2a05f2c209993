import { counted, diskName, type TargetDisk, type TargetPlan, validName } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { assertRoomForImages, fallBackToImage, isNoWay, wentByImage } from './fill.ts';
import { dropLost } from './lost-objects.ts';

const ZONE_ROLE = 'volume-zone';

/**
 * Attaches the new volume to this worker and lets go of it: what cannot be written to as a file (another kind of
 * storage, a share that is not mounted here) is found while the source still runs.
 * @returns whether it was tried: what an earlier attempt wrote to was reached, and a server may hold it now
 * @throws GutsError `destination_refused`
 */
async function tryAttachment(context: StepContext, disk: TargetDisk, volumeId: string): Promise<boolean> {
  const { destination, journal, signal } = context;
  if ((await journal.byRole(`volume:${disk.key}`))?.data['written'] === true) return false;
  const role = `attachment:${disk.key}`;
  await journal.ensure(destination, 'attachment', role, { volumeId }, signal);
  const attachment = await journal.byRole(role);
  if (attachment) await journal.discard(destination, attachment, signal);
  return true;
}

/**
 * Makes an empty volume in the zone that is asked for, and removes it, where those of the target are made from images
 * after the copy: a zone that the cloud refuses for volumes is found while the source still runs.
 * @throws GutsError `destination_refused`
 */
async function tryZone(context: StepContext, plan: TargetPlan): Promise<void> {
  const { destination, journal, signal } = context;
  const { availabilityZone, serverName } = plan;
  const late = plan.disks.filter((disk) => disk.target === 'volume' && disk.fill === 'image');
  const [disk] = late;
  if (availabilityZone === null || !disk) return;
  const live = new Set((await journal.liveArtifacts()).map((one) => one.role));
  // Made by an earlier attempt: the cloud took the zone, and the quota may have room for no more.
  if (late.some(({ key }) => live.has(`volume:${key}`))) return;
  const { volumeType } = disk;
  const name = validName(serverName, availabilityZone);
  const spec = { name, sizeGiB: 1, volumeType, availabilityZone, imageId: null };
  await journal.ensure(destination, 'volume', ZONE_ROLE, spec, signal);
  const probe = await journal.byRole(ZONE_ROLE);
  if (probe) await journal.discard(destination, probe, signal);
}

/** Makes the empty volume that the disk is written to, and tries whether this worker reaches it. */
async function reserveVolume(context: StepContext, plan: TargetPlan, disk: TargetDisk): Promise<boolean> {
  const { destination, journal, signal } = context;
  const spec = {
    name: diskName(plan.serverName, disk),
    sizeGiB: disk.sizeGiB,
    volumeType: disk.volumeType,
    availabilityZone: plan.availabilityZone,
    imageId: null,
  };
  const { externalId } = await journal.ensure(destination, 'volume', `volume:${disk.key}`, spec, signal);
  return tryAttachment(context, disk, externalId);
}

/**
 * Where it is to be tried: fills the volume directly when this worker reaches it, and else by an image. Says which.
 * @param refused why volumes of a type cannot be reached, for the disks that come after
 * @returns whether it is filled directly
 */
async function chooseFill(
  context: StepContext,
  plan: TargetPlan,
  disk: TargetDisk,
  refused: Map<string | null, string>,
): Promise<boolean> {
  if (await wentByImage(context, disk)) return false;
  const known = refused.get(disk.volumeType);
  if (known !== undefined) {
    await fallBackToImage(context, disk, known);
    return false;
  }
  let tried: boolean;
  try {
    tried = await reserveVolume(context, plan, disk);
  } catch (error) {
    if (!isNoWay(error)) throw error;
    const volume = await context.journal.byRole(`volume:${disk.key}`);
    // It is the volume itself that is refused, which no other way of filling it would help.
    if (volume?.status !== 'created') throw error;
    refused.set(disk.volumeType, error.message);
    await fallBackToImage(context, disk, error.message);
    return false;
  }
  const why = tried ? 'this worker reaches its volume' : 'an earlier attempt wrote to its volume';
  await context.journal.note('transfer.fill', `${disk.label} is filled directly: ${why}`);
  return true;
}

/** Ports first: they fail most, and cost nothing. */
export async function reserve(context: StepContext): Promise<StepResult> {
  const { destination, journal, signal } = context;
  const { plan } = preflightOutput(context);
  await dropLost(context);
  for (const nic of plan.nics) {
    await journal.ensure(
      destination,
      'port',
      `port:${nic.key}`,
      {
        name: plan.serverName,
        networkId: nic.networkId,
        mac: nic.mac,
        addresses: nic.addresses,
        securityGroupIds: plan.securityGroupIds,
      },
      signal,
    );
  }
  await tryZone(context, plan);
  const refused = new Map<string | null, string>();
  const byImage: TargetDisk[] = [];
  const volumes = plan.disks.filter(({ target, fill }) => target === 'volume' && fill !== 'image');
  for (const disk of volumes) {
    if (disk.fill === 'device') await reserveVolume(context, plan, disk);
    else if (!(await chooseFill(context, plan, disk, refused))) byImage.push(disk);
  }
  if (refused.size > 0)
    await assertRoomForImages(context, [
      ...plan.disks.filter(({ target }) => target === 'image'),
      ...byImage,
    ]);
  const later = byImage.length === 0 ? '' : `, ${byImage.length} to be filled from images`;
  return {
    status: 'done',
    note: `${counted(plan.nics.length, 'port')}, ${counted(volumes.length - byImage.length, 'volume')}${later}`,
  };
}
