import { diskName } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';

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
  const empty = plan.disks.filter((disk) => disk.target === 'volume' && disk.fill === 'device');
  for (const disk of empty) {
    await journal.ensure(
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
  }
  return { status: 'done', note: `${plan.nics.length} ports, ${empty.length} volumes` };
}
