/** The bytes of an image: streaming them in, and the state that follows. */
import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ApiError } from '../http/api-error.ts';
import type { World } from '../world.ts';
import { inspect, INSPECTED_BYTES, type Verdict } from './inspect.ts';
import type { Image } from './state.ts';

interface Received {
  readonly size: number;
  readonly md5: Hash;
  readonly multihash: { readonly algorithm: string; readonly hash: Hash } | null;
  readonly front: Buffer;
}

/** Streams `body` to the image's file. On any failure the image is `queued` again and nothing of it stays. */
export async function receive(
  world: World,
  image: Image,
  body: Readable,
  declared: number | undefined,
): Promise<Received> {
  const path = world.imagePath(image.id);
  const partial = `${path}.part`;
  try {
    const received = await write(partial, body, world.imageHash);
    if (declared !== undefined && received.size !== declared)
      throw new ApiError(400, `The body has ${received.size} bytes where ${declared} were announced.`);
    await rename(partial, path);
    return received;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Judges what was received and makes the image active after the usual delay. */
export function finish(image: Image, received: Received): Verdict {
  const verdict =
    image.containerFormat === 'bare'
      ? inspect(image.diskFormat ?? 'raw', received.front, received.size)
      : ({ ok: true, virtualSize: null } as const);
  if (!verdict.ok) return verdict;
  image.size = received.size;
  image.virtualSize = verdict.virtualSize;
  image.checksum = received.md5.digest('hex');
  const { multihash } = received;
  image.osHash = multihash && { algorithm: multihash.algorithm, value: multihash.hash.digest('hex') };
  image.updatedAt = Date.now();
  return verdict;
}

async function write(path: string, body: Readable, algorithm: string | null): Promise<Received> {
  const md5 = createHash('md5');
  const multihash = algorithm === null ? null : { algorithm, hash: createHash(algorithm) };
  const fronts: Buffer[] = [];
  let size = 0;
  const file = await open(path, 'w');
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (size < INSPECTED_BYTES) fronts.push(chunk.subarray(0, INSPECTED_BYTES - size));
      md5.update(chunk);
      multihash?.hash.update(chunk);
      await file.write(chunk);
      size += chunk.length;
    }
  } finally {
    await file.close();
  }
  return { size, md5, multihash, front: Buffer.concat(fronts) };
}
