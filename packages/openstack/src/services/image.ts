import { isStatus, ProtocolError, UnreachableError, WaitError } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import type { OpenStackSession } from '../session.ts';
import { discard } from '../transport/http.ts';
import { type StallLimits, StallWatch } from '../transport/stall.ts';
import { waitFor } from '../wait.ts';

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
    readonly diskFormat: 'raw' | 'qcow2' | 'vmdk' | 'iso';
    /** GiB. */
    readonly minDisk: number;
    /** MiB. */
    readonly minRam?: number;
    /** `private` by default; who may make which is the cloud's policy. */
    readonly visibility?: 'private' | 'shared' | 'community' | 'public';
    readonly properties: Readonly<Record<string, string>>;
    readonly tags?: readonly string[];
  },
  signal: AbortSignal,
): Promise<Image> {
  const json = {
    ...image.properties,
    name: image.name,
    disk_format: image.diskFormat,
    container_format: 'bare',
    visibility: image.visibility ?? 'private',
    min_disk: image.minDisk,
    ...(image.minRam === undefined ? {} : { min_ram: image.minRam }),
    ...(image.tags === undefined ? {} : { tags: image.tags }),
  };
  return session.call('image', { method: 'POST', path: '/images', json, signal }) as Promise<Image>;
}

const UPLOAD_LIMITS: StallLimits = { stallSeconds: 300, answerSeconds: 3600 };

/**
 * Sends the bytes once, as they come. @param options.length bytes, when known before the first one
 * @throws UnreachableError also when the service takes no more bytes, or does not answer after the last one
 */
export async function uploadImage(
  session: OpenStackSession,
  id: string,
  body: AsyncIterable<Uint8Array>,
  options: { readonly length?: number; readonly signal: AbortSignal } & Partial<StallLimits>,
): Promise<void> {
  const { length, signal, ...limits } = options;
  const bytes = body[Symbol.asyncIterator]();
  // A request begins with its first bytes: on a connection that waits for them, the service hangs up meanwhile.
  const first = await bytes.next().catch((error: unknown) => {
    // Whoever makes the bytes broke off because of the same.
    signal.throwIfAborted();
    throw error;
  });
  // The token is read when the upload begins; it may end during it, but not before it.
  await session.freshen(300, signal);
  const watch = new StallWatch('image service', { ...UPLOAD_LIMITS, ...limits });
  try {
    const answer = await session.stream('image', {
      method: 'PUT',
      path: `/images/${id}/file`,
      body: watch.watched(followedBy(first, bytes)),
      headers: {
        'content-type': 'application/octet-stream',
        ...(length === undefined ? {} : { 'content-length': String(length) }),
      },
      // The watch ends it sooner; a source that is slow is no fault of the service's.
      headSeconds: 24 * 3600,
      signal: AbortSignal.any([signal, watch.signal]),
    });
    await answer.body.dump();
  } finally {
    watch.stop();
    await bytes.return?.();
  }
}

async function* followedBy(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}

export function getImage(session: OpenStackSession, id: string, signal: AbortSignal): Promise<Image> {
  return session.call('image', { path: `/images/${id}`, signal }) as Promise<Image>;
}

/** The project's own images with these values of properties, or with this name. */
export function findImages(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Image[]> {
  return collect(eachImage(session, filter, signal));
}

/** The same, a page at a time. */
export function eachImage(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Image, void> {
  // Administrators would see everybody's.
  const own = { owner: session.project.id, ...filter };
  return listAll<Image>(session, 'image', '/images', 'images', own, signal);
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

/** @throws WaitError when it never will be active, or not in time */
export function waitImage(
  session: OpenStackSession,
  id: string,
  options: { readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<Image> {
  return waitFor(async () => readyImage(await getImage(session, id, options.signal)), {
    ...options,
    what: `image ${id} to be active`,
  });
}

/** A change in JSON Patch (Image API, "Update image"); paths such as `/hw_disk_bus`. */
export interface ImageChange {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export function updateImage(
  session: OpenStackSession,
  id: string,
  changes: readonly ImageChange[],
  signal: AbortSignal,
): Promise<Image> {
  return session.call('image', {
    method: 'PATCH',
    path: `/images/${id}`,
    json: changes,
    contentType: 'application/openstack-images-v2.1-json-patch',
    signal,
  }) as Promise<Image>;
}

/**
 * The image's bytes as they come. @param options.range first and last byte, both included; a store that ignores it
 * is an error of this call rather than wrong bytes
 * @throws ApiError; UnreachableError when they break off
 */
export async function* downloadImage(
  session: OpenStackSession,
  id: string,
  options: { readonly range?: readonly [first: number, last: number]; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const { range, signal } = options;
  const answer = await session.stream('image', {
    path: `/images/${id}/file`,
    headers: {
      accept: 'application/octet-stream',
      ...(range === undefined ? {} : { range: `bytes=${range[0]}-${range[1]}` }),
    },
    signal,
  });
  try {
    if (range !== undefined && answer.status !== 206)
      throw new ProtocolError(`image: the store of image ${id} sends no ranges`);
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProtocolError) throw error;
    const why = `image ${id} broke off: ${(error as Error).message}`;
    throw new UnreachableError('image service', why, false, { cause: error });
  } finally {
    discard(answer);
  }
}

/** What is left of a project's limits on images; null: unlimited, or the cloud does not tell. */
export interface ImageRoom {
  /** Images that may still be made. */
  readonly images: number | null;
  /** MiB, over all images. Glance looks before an upload, not during it: the last one may go over. */
  readonly sizeMiB: number | null;
  /** Uploads that may still begin beside those under way. */
  readonly uploads: number | null;
}

/**
 * Limits that are kept in Keystone (Image API 2.14, "Quota usage"). Older services have no such call, and those
 * without `use_keystone_limits` tell none.
 */
export async function imageLimits(session: OpenStackSession, signal: AbortSignal): Promise<ImageRoom> {
  const usage = await imageUsage(session, signal);
  /** @param spare what the service lets through beyond its limit: it does not count the upload that is asked for */
  const left = (name: string, spare = 0): number | null => {
    const one = usage[name];
    return !one || one.limit < 0 ? null : Math.max(0, one.limit - one.usage + spare);
  };
  return {
    images: left('image_count_total'),
    sizeMiB: left('image_size_total'),
    uploads: left('image_count_uploading', 1),
  };
}

type Usage = Readonly<Record<string, { readonly limit: number; readonly usage: number }>>;

async function imageUsage(session: OpenStackSession, signal: AbortSignal): Promise<Usage> {
  try {
    const answer = (await session.call('image', { path: '/info/usage', signal })) as { usage?: Usage };
    return answer.usage ?? {};
  } catch (error) {
    if (isStatus(error, 403, 404)) return {};
    throw error;
  }
}
