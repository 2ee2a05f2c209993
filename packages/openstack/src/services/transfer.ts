import { isStatus } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';

/** A volume on offer to another project (Block Storage API v3, "Volume transfers"). */
export interface VolumeTransfer {
  readonly id: string;
  readonly volume_id: string;
}

/** @returns the key beside the id: the secret that lets the other project take the volume; told only once */
export async function offerVolume(
  session: OpenStackSession,
  volumeId: string,
  name: string,
  signal: AbortSignal,
): Promise<VolumeTransfer & { readonly auth_key: string }> {
  const json = { transfer: { volume_id: volumeId, name } };
  const made = await session.call('volume', { method: 'POST', path: '/volume-transfers', json, signal });
  return (made as { transfer: VolumeTransfer & { auth_key: string } }).transfer;
}

/** Offers of the session's project that were neither taken nor withdrawn. */
export function listOffers(session: OpenStackSession, signal: AbortSignal): Promise<VolumeTransfer[]> {
  return collect(listAll<VolumeTransfer>(session, 'volume', '/volume-transfers', 'transfers', {}, signal));
}

/** Takes the volume into this session's project. */
export async function acceptVolume(
  session: OpenStackSession,
  transferId: string,
  authKey: string,
  signal: AbortSignal,
): Promise<VolumeTransfer> {
  const path = `/volume-transfers/${transferId}/accept`;
  const json = { accept: { auth_key: authKey } };
  const taken = await session.call('volume', { method: 'POST', path, json, signal });
  return (taken as { transfer: VolumeTransfer }).transfer;
}

/** Withdraws the offer. False: it was taken or withdrawn already. */
export async function withdrawVolume(
  session: OpenStackSession,
  transferId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const path = `/volume-transfers/${transferId}`;
    await session.call('volume', { method: 'DELETE', path, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
