import { createCipheriv, randomBytes } from 'node:crypto';

/** Bytes of a digest. */
export const DIGEST_BYTES = 16;
const IV = new Uint8Array(12);

/** A new key for a manifest: 16 random bytes in hexadecimal. */
export const newDigestKey = (): string => randomBytes(16).toString('hex');

/** Digests chunks under one key. */
export type ChunkDigest = (chunk: Uint8Array) => Buffer;

/**
 * GMAC of a chunk: the tag of AES-128-GCM over the chunk as additional data, no plaintext, an IV of twelve zero bytes
 * (NIST SP 800-38D, 3 and 7). Two chunks that differ in any way have the same tag under a random key with a
 * probability below 2^-110 for 4 MiB; docs/adr/0001 says why this and not another hash.
 * @param key 16 bytes in hexadecimal
 */
export function chunkDigest(key: string): ChunkDigest {
  const bytes = Buffer.from(key, 'hex');
  return (chunk) => {
    const cipher = createCipheriv('aes-128-gcm', bytes, IV);
    cipher.setAAD(chunk);
    cipher.final();
    return cipher.getAuthTag();
  };
}
