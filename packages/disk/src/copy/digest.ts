import { createCipheriv, randomBytes } from 'node:crypto';
import type { DataRun } from './content.ts';

/** Bytes of a digest. */
export const DIGEST_BYTES = 16;
const IV = new Uint8Array(12);

/** A new key for a manifest: 16 random bytes in hexadecimal. */
export const newDigestKey = (): string => randomBytes(16).toString('hex');

/** Digests a chunk by what of it is not zero. */
export type ChunkDigest = (runs: readonly DataRun[]) => Buffer;

/**
 * GMAC of a chunk: the tag of AES-128-GCM with an IV of twelve zero bytes, no plaintext, and as additional data the
 * bytes of the chunk's blocks of 64 KiB that are not zero, in order, then for each run of such blocks its offset in
 * the chunk and its length (32 bits each, little-endian), then the number of runs (32 bits). (NIST SP 800-38D, 3 and
 * 7.) Two chunks that differ in any way have the same tag under a random key with a probability below 2^-109 for
 * 4 MiB; docs/adr/0001-digests.md says why this and not another hash.
 * @param key 16 bytes in hexadecimal
 */
export function chunkDigest(key: string): ChunkDigest {
  const bytes = Buffer.from(key, 'hex');
  return (runs) => {
    const cipher = createCipheriv('aes-128-gcm', bytes, IV);
    const places = Buffer.alloc(8 * runs.length + 4);
    for (const [index, { offset, data }] of runs.entries()) {
      cipher.setAAD(data);
      places.writeUInt32LE(offset, 8 * index);
      places.writeUInt32LE(data.length, 8 * index + 4);
    }
    places.writeUInt32LE(runs.length, 8 * runs.length);
    cipher.setAAD(places);
    cipher.final();
    return cipher.getAuthTag();
  };
}
