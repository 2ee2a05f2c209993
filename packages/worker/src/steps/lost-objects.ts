import {
  type Artifact,
  type ArtifactSpecs,
  type DestinationArtifactKind,
  GutsError,
  type ServerSpec,
  type TargetPlan,
  type Verification,
} from '@guts/core';
import { preflightOutput, type StepContext } from '../context.ts';
import { removeServer } from './unmake-server.ts';

async function volumeLoss(
  { destination, signal }: StepContext,
  id: string,
  spec: ArtifactSpecs['volume'],
): Promise<string | null> {
  try {
    await destination.waitUsable('volume', id, spec, signal);
    return null;
  } catch (error) {
    if (!(error instanceof GutsError && error.details?.['unusable'] === true)) throw error;
    return typeof error.details['state'] === 'string' ? error.details['state'] : 'of no use';
  }
}

/** Why what the journal has as created is of no use at the destination any more; null: it is. */
async function lossOf(context: StepContext, artifact: Artifact): Promise<string | null> {
  const { destination, journal, signal } = context;
  const { kind, externalId, status } = artifact;
  if (externalId === null || status !== 'created' || artifact.side !== 'destination') return null;
  const spec = artifact.data['spec'] as ArtifactSpecs[DestinationArtifactKind];
  if (kind === 'server')
    return (await destination.serverState(externalId, signal)).state === 'gone' ? 'gone' : null;
  if (kind === 'volume') return volumeLoss(context, externalId, spec as ArtifactSpecs['volume']);
  if (kind !== 'port' && kind !== 'image') return null;
  if (!(await destination.find(kind, spec as ArtifactSpecs[typeof kind], journal.marker(artifact), signal)))
    return 'gone';
  if (kind === 'port') return null;
  const image = await destination.imageDigest(externalId, signal);
  return image.status === 'active' ? null : image.status;
}

function nameOf({ kind, role, externalId }: Artifact, plan: TargetPlan): string {
  const key = role.split(':')[1];
  const owner = [...plan.disks, ...plan.nics].find((one) => one.key === key);
  return `${kind} ${externalId}${owner ? ` of ${owner.label}` : ''}`;
}

/**
 * A server that is gone is made anew of the volumes that it left. Of one whose root disk was its image's, that disk
 * went with it, while its volumes are as its guest left them: they are copied anew, to be of one moment.
 * @returns whether a copy is forgotten
 */
async function dropServer(context: StepContext, server: Artifact, plan: TargetPlan): Promise<boolean> {
  const { journal, destination, signal } = context;
  const { bootImageId, dataVolumeIds } = server.data['spec'] as ServerSpec;
  if (bootImageId !== null && dataVolumeIds.length > 0) {
    await removeServer(context, server, 'from the journal: it is gone, and its root disk with it');
    return true;
  }
  const text = `${nameOf(server, plan)} is gone: it is made anew of the same disks`;
  await journal.note('provision.server_lost', text, 'warning');
  await journal.discard(destination, server, signal);
  return false;
}

/** What was copied to it, or can no longer be verified without it, is copied again. */
async function forgetCopyIn({ journal }: StepContext, { kind, role, externalId }: Artifact): Promise<void> {
  for (const pass of await journal.passes()) {
    if (role !== `${kind}:${pass.diskKey}`) continue;
    const holds = (pass.manifest as { target?: string } | null)?.target === externalId;
    const seenEqual = (pass.verification as Verification | null)?.matches === true;
    if (holds || !seenEqual) await journal.forgetCopy(pass);
  }
}

/**
 * Before a retry builds on what an earlier attempt made: what somebody removed meanwhile, or what is broken, is
 * dropped, so that the steps make it anew.
 */
export async function dropLost(context: StepContext): Promise<void> {
  const { journal, destination, signal } = context;
  const { plan } = preflightOutput(context);
  for (const artifact of await journal.liveArtifacts()) {
    const loss = await lossOf(context, artifact);
    if (loss === null) continue;
    if (artifact.kind === 'server') {
      await dropServer(context, artifact, plan);
      continue;
    }
    const text = `${nameOf(artifact, plan)} is ${loss} at the destination: it is made anew`;
    await journal.note('reserve.lost', text, 'warning');
    await forgetCopyIn(context, artifact);
    // It would lack its NIC.
    const server = artifact.kind === 'port' ? await journal.byRole('server') : null;
    if (server) await removeServer(context, server, 'for a port of it is gone');
    await journal.discard(destination, artifact, signal);
  }
}

/**
 * Before a server is made or started: one that somebody removed is forgotten, and what it stands on must be there.
 * @throws GutsError `destination_fault` that says what is missing
 */
export async function assertFoundation(context: StepContext): Promise<void> {
  const { journal } = context;
  const { plan } = preflightOutput(context);
  const server = await journal.byRole('server');
  const gone = server !== null && (await lossOf(context, server)) !== null;
  if (gone && (await dropServer(context, server, plan)))
    throw new GutsError(
      'destination_fault',
      `${nameOf(server, plan)} is gone, and its root disk with it; its volumes hold what its guest wrote`,
      { remedy: 'Retry: its volumes are copied anew.' },
    );
  if (server && !gone) return;
  const missing: string[] = [];
  for (const artifact of await journal.liveArtifacts()) {
    const [kind, key] = artifact.role.split(':');
    const needed =
      kind === 'port'
        ? plan.nics.some((nic) => nic.key === key)
        : plan.disks.some((disk) => disk.key === key && disk.target === kind);
    const loss = needed ? await lossOf(context, artifact) : null;
    if (loss !== null) missing.push(`${nameOf(artifact, plan)} is ${loss}`);
  }
  if (missing.length > 0)
    throw new GutsError(
      'destination_fault',
      `the server cannot be made, for what it stands on was lost at the destination: ${missing.join('; ')}`,
      { remedy: 'Retry: what is missing is made and copied anew.' },
    );
}
