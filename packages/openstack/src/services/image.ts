import { isStatus, WaitError } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';

export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  /** Bytes; null before the upload. */
  readonly size: number | null;
  readonly disk_format: string | null;
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  /** Own properties lie beside the fields above. */
  readonly [property: string]: unknown;
}

/** Image API v2. */
export function createImage(
  session: OpenStackSession,
  image: {
    readonly name: string;
    readonly diskFormat: 'raw' | 'qcow2';
    /** GiB. */
    readonly minDisk: number;
    readonly properties: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<Image> {
  const json = {
    ...image.properties,
    name: image.name,
    disk_format: image.diskFormat,
    container_format: 'bare',
    visibility: 'private',
    min_disk: image.minDisk,
  };
  return session.call('image', { method: 'POST', path: '/images', json, signal }) as Promise<Image>;
}

/** Sends the bytes once, as they come. @param length bytes, when known before the first one */
export async function uploadImage(
  session: OpenStackSession,
  id: string,
  body: AsyncIterable<Uint8Array>,
  options: { readonly length?: number; readonly signal: AbortSignal },
): Promise<void> {
  const { length, signal } = options;
  // The token is read when the upload begins; it may end during it, but not before it.
  await session.freshen(300, signal);
  const answer = await session.stream('image', {
    method: 'PUT',
    path: `/images/${id}/file`,
    body,
    headers: {
      'content-type': 'application/octet-stream',
      ...(length === undefined ? {} : { 'content-length': String(length) }),
    },
    // The answer comes after the last byte, when Glance has hashed and stored it.
    headSeconds: 24 * 3600,
    signal,
  });
  await answer.body.dump();
}

export function getImage(session: OpenStackSession, id: string, signal: AbortSignal): Promise<Image> {
  return session.call('image', { path: `/images/${id}`, signal }) as Promise<Image>;
}

/** Own images with this value of a property. */
export function findImages(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Image[]> {
  return collect(listAll<Image>(session, 'image', '/images', 'images', filter, signal));
}

/** False: it was gone already. */
export async function deleteImage(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await session.call('image', { method: 'DELETE', path: `/images/${id}`, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** The image once it is active; null while it is on its way. @throws WaitError when it never will be */
export function readyImage(image: Image): Image | null {
  if (image.status === 'active') return image;
  if (['queued', 'saving', 'importing', 'uploading'].includes(image.status)) return null;
  throw new WaitError(`image ${image.id} is ${image.status}`);
}
