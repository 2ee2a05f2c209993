import { isStatus } from '../errors.ts';
import { compareVersions } from '../microversion.ts';
import type { OpenStackSession } from '../session.ts';

/** A volume at a server (Compute API, "Servers with volume attachments"). */
export interface ServerVolume {
  readonly volumeId: string;
  readonly serverId: string;
  readonly device: string | null;
  /** Told from 2.70 on. */
  readonly tag?: string | null;
}

export async function listServerVolumes(
  session: OpenStackSession,
  serverId: string,
  signal: AbortSignal,
): Promise<ServerVolume[]> {
  const path = `/servers/${serverId}/os-volume_attachments`;
  const answer = await session.call('compute', { path, signal });
  return (answer as { volumeAttachments: ServerVolume[] }).volumeAttachments;
}

/**
 * Ends before the volume is `in-use`. @param tag by which its maker knows it again; clouds older than 2.49 take none, and it
 * is left out
 */
export async function attachVolume(
  session: OpenStackSession,
  serverId: string,
  volumeId: string,
  signal: AbortSignal,
  tag?: string,
): Promise<ServerVolume> {
  const path = `/servers/${serverId}/os-volume_attachments`;
  const version = (await session.microversion('compute', signal)) ?? '2.1';
  const tagged = tag !== undefined && compareVersions(version, '2.49') >= 0;
  const json = { volumeAttachment: { volumeId, ...(tagged ? { tag } : {}) } };
  const answer = await session.call('compute', { method: 'POST', path, json, signal });
  return (answer as { volumeAttachment: ServerVolume }).volumeAttachment;
}

/** Ends before the volume is `available` again. False: it was not attached. */
export async function detachVolume(
  session: OpenStackSession,
  serverId: string,
  volumeId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const path = `/servers/${serverId}/os-volume_attachments/${volumeId}`;
    await session.call('compute', { method: 'DELETE', path, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
