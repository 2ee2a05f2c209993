import { isStatus, ProtocolError, WaitError } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import { compareVersions } from '../microversion.ts';
import type { OpenStackSession } from '../session.ts';

export interface Volume {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  /** GiB. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
}
export interface Attachment {
  readonly id: string;
  readonly volume_id: string;
  readonly instance: string | null;
  readonly connection_info: Readonly<Record<string, unknown>>;
}

/** Block Storage API v3. */
export async function createVolume(
  session: OpenStackSession,
  volume: {
    readonly name: string;
    readonly sizeGiB: number;
    readonly volumeType: string | null;
    readonly availabilityZone: string | null;
    readonly imageId: string | null;
    readonly metadata: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<Volume> {
  const json = {
    volume: {
      name: volume.name,
      size: volume.sizeGiB,
      metadata: volume.metadata,
      ...(volume.volumeType === null ? {} : { volume_type: volume.volumeType }),
      ...(volume.availabilityZone === null ? {} : { availability_zone: volume.availabilityZone }),
      ...(volume.imageId === null ? {} : { imageRef: volume.imageId }),
    },
  };
  const made = await session.call('volume', { method: 'POST', path: '/volumes', json, signal });
  return (made as { volume: Volume }).volume;
}

/** Null when it does not exist. */
export async function getVolume(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<Volume | null> {
  try {
    const answer = await session.call('volume', { path: `/volumes/${id}`, signal });
    return (answer as { volume: Volume }).volume;
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** By metadata; services that ignore the filter give all, so callers look again. */
export function listVolumes(
  session: OpenStackSession,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Volume[]> {
  const filter = Object.keys(metadata).length === 0 ? {} : { metadata: pythonMapping(metadata) };
  return collect(listAll<Volume>(session, 'volume', '/volumes/detail', 'volumes', filter, signal));
}

/** Cinder reads the filter as a Python mapping, whose quotes are single. */
function pythonMapping(metadata: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  const pairs = Object.entries(metadata).map(([key, value]) => `${quoted(key)}: ${quoted(value)}`);
  return `{${pairs.join(', ')}}`;
}

export async function deleteVolume(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.call('volume', { method: 'DELETE', path: `/volumes/${id}`, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** The volume once it is available; null while it is on its way. @throws WaitError on any state of error */
export function availableVolume(volume: Volume | null, id: string): Volume | null {
  if (!volume) throw new WaitError(`volume ${id} is gone`);
  if (volume.status === 'available') return volume;
  if (volume.status.startsWith('error')) throw new WaitError(`volume ${id} is in status ${volume.status}`);
  return null;
}

async function volumeAction(
  session: OpenStackSession,
  id: string,
  action: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  await session.call('volume', { method: 'POST', path: `/volumes/${id}/action`, json: action, signal });
}

export function setBootable(
  session: OpenStackSession,
  id: string,
  bootable: boolean,
  signal: AbortSignal,
): Promise<void> {
  return volumeAction(session, id, { 'os-set_bootable': { bootable } }, signal);
}

/** What Nova reads when it boots from the volume; not the volume's own metadata. */
export function setImageMetadata(
  session: OpenStackSession,
  id: string,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  return volumeAction(session, id, { 'os-set_image_metadata': { metadata } }, signal);
}

/** A connection for a host that is no server of Nova: `instance_uuid` is left out, null would be refused. */
export async function createAttachment(
  session: OpenStackSession,
  volumeId: string,
  connector: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Attachment> {
  const version = (await session.microversion('volume', signal)) ?? '3.0';
  if (compareVersions(version, '3.44') < 0)
    throw new ProtocolError(`the volume service offers ${version}; attachments need 3.44`);
  const json = {
    attachment: {
      volume_uuid: volumeId,
      connector,
      ...(compareVersions(version, '3.54') >= 0 ? { mode: 'rw' } : {}),
    },
  };
  const made = await session.call('volume', { method: 'POST', path: '/attachments', json, signal });
  return (made as { attachment: Attachment }).attachment;
}

export async function completeAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await session.call('volume', {
    method: 'POST',
    path: `/attachments/${id}/action`,
    json: { 'os-complete': {} },
    signal,
  });
}

export async function getAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<Attachment> {
  const answer = await session.call('volume', { path: `/attachments/${id}`, signal });
  return (answer as { attachment: Attachment }).attachment;
}

export function listAttachments(
  session: OpenStackSession,
  volumeId: string,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly volume_id: string; readonly instance: string | null }[]> {
  return collect(
    listAll<{ id: string; volume_id: string; instance: string | null }>(
      session,
      'volume',
      '/attachments',
      'attachments',
      { volume_id: volumeId },
      signal,
    ),
  );
}

export async function deleteAttachment(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.call('volume', { method: 'DELETE', path: `/attachments/${id}`, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

export async function listVolumeTypes(
  session: OpenStackSession,
  signal: AbortSignal,
): Promise<{ id: string; name: string }[]> {
  return collect(
    listAll<{ id: string; name: string }>(session, 'volume', '/types', 'volume_types', {}, signal),
  );
}

/** What is left of the project's quota; null: unlimited. */
export async function volumeLimits(
  session: OpenStackSession,
  signal: AbortSignal,
): Promise<{ readonly volumes: number | null; readonly gigabytes: number | null }> {
  const answer = (await session.call('volume', { path: '/limits', signal })) as {
    limits: { absolute: Readonly<Record<string, number>> };
  };
  const { absolute } = answer.limits;
  const left = (max: string, used: string): number | null => {
    const limit = absolute[max] ?? -1;
    return limit < 0 ? null : Math.max(0, limit - (absolute[used] ?? 0));
  };
  return {
    volumes: left('maxTotalVolumes', 'totalVolumesUsed'),
    gigabytes: left('maxTotalVolumeGigabytes', 'totalGigabytesUsed'),
  };
}
