import { counted, diskName, type TargetDisk, type TargetPlan, validName } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { assertRoomForImages, fallBackToImage, isNoWay, wentByImage } from './fill.ts';
import { dropLost } from './lost-objects.ts';

const ZONE_ROLE = 'volume-zone';

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

/**
 * Makes the empty volume that the disk is written to, and attaches it to this worker: what cannot be written to as a
 * file (another kind of storage, a share that is not mounted here) is found while the source still runs.
 * @returns whether it was attached: what an earlier attempt wrote to was reached, and a server may hold it now
 * @throws GutsError `destination_refused`
 */
async function reserveVolume(context: StepContext, plan: TargetPlan, disk: TargetDisk): Promise<boolean> {
  const { destination, journal, signal } = context;
  const spec = {
    name: diskName(plan.serverName, disk),
    sizeGiB: disk.sizeGiB,
    volumeType: disk.volumeType,
    availabilityZone: plan.availabilityZone,
    imageId: null,
  };
  const role = `volume:${disk.key}`;
  const { externalId, data } = await journal.ensure(destination, 'volume', role, spec, signal);
  if (data['written'] === true) return false;
  await journal.ensure(destination, 'attachment', `attachment:${disk.key}`, { volumeId: externalId }, signal);
  return true;
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

async function reservePorts({ destination, journal, signal }: StepContext, plan: TargetPlan): Promise<void> {
  const { serverName: name, securityGroupIds } = plan;
  for (const { key, networkId, mac, addresses } of plan.nics) {
    const spec = { name, networkId, mac, addresses, securityGroupIds };
    await journal.ensure(destination, 'port', `port:${key}`, spec, signal);
  }
}

/** @returns how many volumes are there, and how many are to be filled from images */
async function reserveVolumes(
  context: StepContext,
  plan: TargetPlan,
): Promise<{ readonly made: number; readonly later: number }> {
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
  return { made: volumes.length - byImage.length, later: byImage.length };
}

/** Ports and volumes at once, for each waits for the cloud. */
export async function reserve(context: StepContext): Promise<StepResult> {
  const { plan } = preflightOutput(context);
  await dropLost(context);
  const [ports, volumes] = await Promise.allSettled([
    reservePorts(context, plan),
    reserveVolumes(context, plan),
  ]);
  if (ports.status === 'rejected') {
    if (volumes.status === 'rejected') context.log.warn({ err: volumes.reason }, 'nor could volumes be made');
    throw ports.reason;
  }
  if (volumes.status === 'rejected') throw volumes.reason;
  const { made, later } = volumes.value;
  const more = later === 0 ? '' : `, ${later} to be filled from images`;
  return { status: 'done', note: `${counted(plan.nics.length, 'port')}, ${counted(made, 'volume')}${more}` };
}
