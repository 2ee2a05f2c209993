import { GutsError } from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { assertFoundation } from './lost-objects.ts';
import { assertAsCopied } from './source-content.ts';
import { assertSameDisks } from './source-disks.ts';

/** The server is made only once the source is seen off and our own attachments are gone. */
export async function provision(context: StepContext): Promise<StepResult> {
  const { source, destination, migration, journal, signal } = context;
  const { plan } = preflightOutput(context);
  for (const artifact of await journal.liveArtifacts())
    if (artifact.kind === 'attachment') await journal.discard(destination, artifact, signal);
  await assertFoundation(context);
  const boot = plan.disks.find((disk) => disk.boot);
  if (!boot) throw new GutsError('internal', 'the plan has no boot disk');
  const bootVolumeId = boot.target === 'volume' ? await journal.idOf(`volume:${boot.key}`) : null;
  if (bootVolumeId !== null) await destination.prepareBootVolume(bootVolumeId, plan.properties, signal);
  const portIds: string[] = [];
  for (const nic of plan.nics) portIds.push(await journal.idOf(`port:${nic.key}`));
  const dataVolumeIds: string[] = [];
  for (const disk of plan.disks.filter((one) => !one.boot))
    dataVolumeIds.push(await journal.idOf(`volume:${disk.key}`));
  const state = await source.powerState(migration.instanceRef, signal);
  if (state !== 'off') {
    throw new GutsError('source_power', `the source is ${state}: the target is not started beside it`, {
      remedy: 'Somebody started the source during the migration. Stop it and retry.',
    });
  }
  await assertSameDisks(context);
  await assertAsCopied(context);
  const server = await journal.ensure(
    destination,
    'server',
    'server',
    {
      name: plan.serverName,
      flavorId: plan.flavor.id,
      portIds,
      bootImageId: bootVolumeId === null ? await journal.idOf(`image:${boot.key}`) : null,
      bootVolumeId,
      dataVolumeIds,
      dataDiskBus: plan.dataDiskBus,
      availabilityZone: plan.availabilityZone,
      metadata: { guts_source_name: migration.instanceName, guts_source_ref: migration.instanceRef },
    },
    signal,
  );
  const { state: now, message } = await destination.serverState(server.externalId, signal);
  if (now === 'off') await destination.startServer(server.externalId, signal);
  else if (now !== 'active') {
    const why = message ? `: ${message}` : '';
    throw new GutsError('destination_fault', `the server is ${now} instead of active${why}`);
  }
  return {
    status: 'done',
    output: { serverId: server.externalId },
    note: `server ${server.externalId} is active`,
  };
}
