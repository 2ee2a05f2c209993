import { isStatus, WaitError } from '../errors.ts';
import { collect, listAll, query } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';
import { waitFor } from '../wait.ts';

export interface Volume {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  /** GiB. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** `true` or `false`, as text. */
  readonly bootable?: string;
  /** Its project; not every cloud tells it to everybody. */
  readonly 'os-vol-tenant-attr:tenant_id'?: string;
  readonly volume_type?: string | null;
  readonly availability_zone?: string | null;
  readonly volume_image_metadata?: Readonly<Record<string, string>>;
  /** Those that are complete; `device` is the `mountpoint` of their connector. */
  readonly attachments?: readonly {
    readonly attachment_id: string;
    readonly server_id: string | null;
    readonly device: string | null;
  }[];
}
/** Block Storage API v3. */
export async function createVolume(
  session: OpenStackSession,
  volume: {
    readonly name: string;
    readonly sizeGiB: number;
    readonly description?: string;
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
      ...(volume.description === undefined ? {} : { description: volume.description }),
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
  return collect(eachVolume(session, metadata, signal));
}

/** The same, a page at a time. */
export function eachVolume(
  session: OpenStackSession,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Volume, void> {
  const filter = Object.keys(metadata).length === 0 ? {} : { metadata: pythonMapping(metadata) };
  return listAll<Volume>(session, 'volume', '/volumes/detail', 'volumes', filter, signal);
}

/** Cinder reads the filter as a Python mapping, whose quotes are single. */
function pythonMapping(metadata: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  const pairs = Object.entries(metadata).map(([key, value]) => `${quoted(key)}: ${quoted(value)}`);
  return `{${pairs.join(', ')}}`;
}

/** @param options.cascade its snapshots, too */
export async function deleteVolume(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
  options: { readonly cascade?: boolean } = {},
): Promise<boolean> {
  try {
    const path = `/volumes/${id}${query({ cascade: options.cascade })}`;
    await session.call('volume', { method: 'DELETE', path, signal });
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

/** @throws WaitError on any state of error, or at the deadline */
export function waitVolume(
  session: OpenStackSession,
  id: string,
  options: { readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<Volume> {
  return waitFor(async () => availableVolume(await getVolume(session, id, options.signal), id), {
    ...options,
    what: `volume ${id} to be available`,
  });
}

/** Adds to the volume's own metadata, and replaces what has the same key. */
export async function updateVolumeMetadata(
  session: OpenStackSession,
  id: string,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const path = `/volumes/${id}/metadata`;
  await session.call('volume', { method: 'POST', path, json: { metadata }, signal });
}

/** Makes an available volume larger; it is `extending` meanwhile. */
export function extendVolume(
  session: OpenStackSession,
  id: string,
  sizeGiB: number,
  signal: AbortSignal,
): Promise<void> {
  return volumeAction(session, id, { 'os-extend': { new_size: sizeGiB } }, signal);
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
