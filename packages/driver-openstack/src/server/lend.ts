import { GutsError } from '@guts/core';
import {
  acceptVolume,
  getVolume,
  listOffers,
  type OpenStackSession,
  offerVolume,
  type Volume,
  waitFor,
  withdrawVolume,
} from '@guts/openstack';

const FREE_SECONDS = 300;

/** Free to be offered or attached. */
async function available(session: OpenStackSession, volumeId: string, signal: AbortSignal): Promise<void> {
  await waitFor(
    async () => {
      const volume = await getVolume(session, volumeId, signal);
      if (!volume) throw new GutsError('destination_refused', `volume ${volumeId} is gone`);
      return volume.status === 'available' ? volume : null;
    },
    { signal, what: `volume ${volumeId} to be available`, deadlineSeconds: FREE_SECONDS },
  );
}

/** Offers that a process left that was killed: their keys are lost with it. */
async function withdrawOffers(
  session: OpenStackSession,
  volumeId: string,
  signal: AbortSignal,
): Promise<void> {
  for (const offer of await listOffers(session, signal))
    if (offer.volume_id === volumeId) await withdrawVolume(session, offer.id, signal);
}

/**
 * Moves a volume into another project (Block Storage API v3, "Volume transfers"), its id and metadata unchanged. Fine
 * when it is there already; goes on right after a kill at any point.
 * @throws ApiError when the other project's quota has no room, the volume stays then
 */
export async function moveVolume(
  volumeId: string,
  from: OpenStackSession,
  to: OpenStackSession,
  signal: AbortSignal,
): Promise<void> {
  if (await inProject(to, volumeId, signal)) {
    // It may be on offer there by a move back that was killed.
    await withdrawOffers(to, volumeId, signal);
    return available(to, volumeId, signal);
  }
  await withdrawOffers(from, volumeId, signal);
  await available(from, volumeId, signal);
  const offer = await offerVolume(from, volumeId, 'guts', signal);
  try {
    await acceptVolume(to, offer.id, offer.auth_key, signal);
  } catch (error) {
    // Taken although no answer came, or it stays where it is.
    if (await inProject(to, volumeId, signal)) return;
    await withdrawVolume(from, offer.id, signal);
    throw error;
  }
}

/** The volume, when it is in that session's project: an administrator sees those of others, too. */
export async function inProject(
  session: OpenStackSession,
  volumeId: string,
  signal: AbortSignal,
): Promise<Volume | null> {
  const volume = await getVolume(session, volumeId, signal);
  const owner = volume?.['os-vol-tenant-attr:tenant_id'];
  return volume && (owner === undefined || owner === session.project.id) ? volume : null;
}
