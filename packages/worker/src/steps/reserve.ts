import { diskName, type TargetDisk, type TargetPlan, validName } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';

const ZONE_ROLE = 'volume-zone';

/**
 * Attaches the new volume to this worker and lets go of it: what cannot be written to as a file (another kind of
 * storage, a share that is not mounted here) is found while the source still runs.
 * @throws GutsError `destination_refused`
 */
async function tryAttachment(context: StepContext, disk: TargetDisk, volumeId: string): Promise<void> {
  const { destination, journal, signal } = context;
  // Written to by an earlier attempt: it was reached, and a server may hold it now.
  if ((await journal.byRole(`volume:${disk.key}`))?.data['written'] === true) return;
  const role = `attachment:${disk.key}`;
  await journal.ensure(destination, 'attachment', role, { volumeId }, signal);
  const attachment = await journal.byRole(role);
  if (attachment) await journal.discard(destination, attachment, signal);
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

/** Ports first: they fail most, and cost nothing. */
export async function reserve(context: StepContext): Promise<StepResult> {
  const { destination, journal, signal } = context;
  const { plan } = preflightOutput(context);
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
  const empty = plan.disks.filter((disk) => disk.target === 'volume' && disk.fill === 'device');
  for (const disk of empty) {
    const { externalId } = await journal.ensure(
      destination,
      'volume',
      `volume:${disk.key}`,
      {
        name: diskName(plan.serverName, disk),
        sizeGiB: disk.sizeGiB,
        volumeType: disk.volumeType,
        availabilityZone: plan.availabilityZone,
        imageId: null,
      },
      signal,
    );
    await tryAttachment(context, disk, externalId);
  }
  return { status: 'done', note: `${plan.nics.length} ports, ${empty.length} volumes` };
}
